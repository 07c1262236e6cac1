/**
 * Preloaded (`--import`, with --expose-gc) into a process whose memory is measured: on the message `collect` it collects
 * garbage and answers with what is left.
 */
process.on('message', (message: { collect?: boolean }) => {
  if (message.collect !== true) return;
  globalThis.gc?.();
  globalThis.gc?.();
  process.send?.({ collected: process.memoryUsage() });
});
