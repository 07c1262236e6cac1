import { setTimeout as wait } from 'node:timers/promises';
import { Queue, Worker, type Job } from 'bullmq';

/**
 * Wake-ups over BullMQ: a job carries an id and nothing else, because the row in the database is the truth and the queue may be wiped at
 * any time. The same id twice is one job while it waits. Jobs that failed are forgotten: the relay finds the row again by its `next_at`.
 */
export type WakeQueue = {
  /** Asks for `id` to be looked at, now or after `delayMs`. */
  wake(id: string, delayMs?: number): Promise<void>;
  wakeAll(ids: readonly string[]): Promise<void>;
  waiting(): Promise<number>;
  /** Removes the queue with all its keys. */
  obliterate(): Promise<void>;
  /** Ends soon and without an error, also while Redis is away. */
  close(): Promise<void>;
};
/** `close` ends within CLOSE_MS, also while Redis is away. */
export type WakeWorker = { close(): Promise<void> };
export type JobsPlace = { readonly redisUrl: string; readonly queue: string; readonly prefix?: string };

const PREFIX = 'onsale-jobs';
/** A primary that was demoted keeps its clients: they connect anew, to whoever is primary behind the address. */
const reconnectOnError = (error: Error): boolean => error.message.startsWith('READONLY');
const WAKE_BATCH_MAX = 1_000;
const DELAY_MAX_MS = 24 * 3_600_000;
/** Custom job ids must be no bare number and hold no colon. */
const jobIdOf = (id: string): string => `w-${id.replaceAll(':', '_')}`;
const FORGET = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;

export function openWakeQueue({ redisUrl, queue: name, prefix = PREFIX }: JobsPlace, onError: (error: Error) => void): WakeQueue {
  const connection = { url: redisUrl, maxRetriesPerRequest: 1, enableOfflineQueue: false, reconnectOnError };
  const queue = new Queue<{ id: string }>(name, { connection, prefix, skipMetasUpdate: true });
  queue.on('error', onError);
  return {
    async wake(id, delayMs = 0) {
      await queue.waitUntilReady();
      await queue.add('wake', { id }, { ...FORGET, jobId: jobIdOf(id), delay: Math.min(DELAY_MAX_MS, Math.max(0, delayMs)) });
    },
    async wakeAll(ids) {
      await queue.waitUntilReady();
      for (let from = 0; from < ids.length; from += WAKE_BATCH_MAX) {
        await queue.addBulk(ids.slice(from, from + WAKE_BATCH_MAX).map((id) => ({ name: 'wake', data: { id }, opts: { ...FORGET, jobId: jobIdOf(id) } })));
      }
    },
    waiting: () => queue.count(),
    obliterate: () => queue.obliterate({ force: true }),
    async close() {
      // Without QUIT: a Redis that is away would refuse it, and the client would come back again and again.
      await queue.getBackend().close(true);
      await queue.close();
    },
  };
}

export type WakeWorkerOptions = JobsPlace & {
  readonly handle: (id: string, signal: AbortSignal) => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly concurrency?: number;
};

const CONCURRENCY = 8;
/** Redis may go away while jobs are waited for. */
const CLOSE_MS = 3_000;

export function startWakeWorker({ redisUrl, queue: name, prefix = PREFIX, handle, onError, concurrency = CONCURRENCY }: WakeWorkerOptions): WakeWorker {
  const stopping = new AbortController();
  const worker = new Worker<{ id: string }>(name, async (job: Job<{ id: string }>) => handle(job.data.id, stopping.signal), {
    connection: { url: redisUrl, maxRetriesPerRequest: null, reconnectOnError }, prefix, concurrency,
  });
  let isConnected = false;
  worker.on('ready', () => { isConnected = true; });
  worker.on('ioredis:close', () => { isConnected = false; });
  worker.on('failed', (_job, error) => onError(error));
  worker.on('error', onError);
  return {
    async close() {
      stopping.abort();
      // BullMQ waits for ever for a Redis that is away; a job cut short costs nothing, for the row wakes by itself.
      const patience = new AbortController();
      await Promise.race([worker.close(!isConnected), wait(CLOSE_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
      patience.abort();
    },
  };
}
