import { flushCompileCache } from 'node:module';
import type { Logger } from './logger.ts';

/**
 * The life of an app's process.
 *
 *   starting ── start() resolved ──► running (parent told over IPC) ── SIGTERM, SIGINT, parent gone, or a bug ──► stopping ──► exit
 *
 * Whatever was opened is closed in reverse order, each closer within its share of `stopMs`; a second signal, or the deadline, exits at
 * once. A bug that nobody caught is logged and ends the process (code 1): a state that nobody understands serves nobody.
 */
export type Lifetime = {
  /** Aborts when stopping begins. */
  readonly signal: AbortSignal;
  /** Closers run in reverse order of registration; each once. */
  onStop(name: string, close: () => Promise<unknown> | unknown): void;
};
export type ReadyMessage = { readonly type: 'ready'; readonly name: string; readonly urls: Readonly<Record<string, string>> };

export type AppOptions = {
  readonly name: string;
  readonly logger: Logger;
  /** Opens everything; gives the addresses it listens on, by name. */
  readonly start: (lifetime: Lifetime) => Promise<Readonly<Record<string, string>>>;
  readonly stopMs?: number;
};

const STOP_MS = 10_000;

export async function runApp({ name, logger, start, stopMs = STOP_MS }: AppOptions): Promise<void> {
  const closers: Array<{ name: string; close: () => Promise<unknown> | unknown }> = [];
  const stopping = new AbortController();
  const stop = (reason: string, code: number): void => {
    if (stopping.signal.aborted) process.exit(code === 0 ? 130 : code);
    logger.info({ reason }, 'stopping');
    stopping.abort();
    setTimeout(() => {
      logger.error('stopping took too long');
      process.exit(code === 0 ? 1 : code);
    }, stopMs).unref();
    void closeAll(closers, logger).then(() => process.exit(code));
  };
  process.on('SIGTERM', () => stop('SIGTERM', 0));
  process.on('SIGINT', () => stop('SIGINT', 0));
  process.on('disconnect', () => stop('the parent is gone', 0));
  process.on('uncaughtException', (error) => { logger.fatal({ err: error }, 'a bug nobody caught'); stop('uncaught exception', 1); });
  process.on('unhandledRejection', (error) => { logger.fatal({ err: error }, 'a promise nobody awaited'); stop('unhandled rejection', 1); });
  try {
    const urls = await start({ signal: stopping.signal, onStop: (closer, close) => { closers.push({ name: closer, close }); } });
    if (stopping.signal.aborted) return;
    logger.info({ urls }, 'ready');
    tellParent({ type: 'ready', name, urls });
    flushCompileCache();
  } catch (error) {
    if (stopping.signal.aborted) return;
    logger.fatal({ err: error }, 'could not start');
    stop('could not start', 1);
  }
}

/** A closer that throws does not keep the others from running. */
async function closeAll(closers: Array<{ name: string; close: () => Promise<unknown> | unknown }>, logger: Logger): Promise<void> {
  for (const { name, close } of closers.reverse()) {
    try {
      await close();
    } catch (error) {
      logger.error({ err: error, closer: name }, 'could not close');
    }
  }
}

function tellParent(message: ReadyMessage): void {
  // The parent may be gone by now; `disconnect` says so.
  process.send?.(message, undefined, undefined, () => undefined);
}
