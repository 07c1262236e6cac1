import type { TestContext } from './test-context.ts';

/**
 * Fails a test file that leaves something open: sockets, servers, timers, child processes. Call it first in the file (teardowns run in
 * reverse order, so it looks last). What closes by itself within `graceMs` is no leak.
 */
export function leakCheck(t: TestContext, graceMs: number = GRACE_MS): void {
  const before = openResources();
  t.teardown(async () => {
    const left = await leftOver(before, graceMs);
    if (left.length > 0) throw new Error(`left open by the test: ${left.join(', ')}`);
  });
}

const GRACE_MS = 2_000;
const LOOK_EVERY_MS = 20;

/** What keeps the process alive, by kind. */
export function openResources(): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) if (!OWN.has(kind)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return kinds;
}

/** Standard streams, and requests that end by themselves. */
const OWN = new Set(['PipeWrap', 'TTYWrap', 'FSReqCallback', 'FSReqPromise', 'GetAddrInfoReqWrap', 'WriteWrap', 'ShutdownWrap', 'Immediate']);

/** Kinds of which there are more than `before`, with their numbers; waits for them to go. */
export async function leftOver(before: ReadonlyMap<string, number>, graceMs: number): Promise<string[]> {
  const deadline = performance.now() + graceMs;
  for (;;) {
    const more = [...openResources()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    if (more.length === 0 || performance.now() >= deadline) return more.map(([kind, count]) => `${kind} × ${count - (before.get(kind) ?? 0)}`);
    const pause = Promise.withResolvers<void>();
    setTimeout(pause.resolve, LOOK_EVERY_MS);
    await pause.promise;
  }
}
