import { Redis, type RedisOptions } from 'ioredis';

/*
 * One connection to Redis that always knows which Redis process it speaks to.
 *
 *   connecting ──► ready (run_id read) ──close──► connecting …  ──close()──► closed
 *
 * Guarantee (half of the fence, waiting-room.md §5): a command that carries the run_id of one process can never reach
 * another one. Therefore nothing is queued while offline and nothing is sent again after a reconnect: such a command
 * would carry the old run_id to a server whose data may still name it as adopted. It fails with RoomUnreachable instead.
 */
export type RoomConnection = {
  /** For reads and tests; mutations go through scripts. */
  readonly redis: Redis;
  /** run_id of the Redis process behind the present connection, or null while there is none. */
  runId(): string | null;
  /** Resolves when the connection is usable; rejects with RoomUnreachable after `withinMs`. */
  ready(withinMs?: number): Promise<void>;
  close(): Promise<void>;
};

/** Redis could not be asked, or did not answer: the outcome is not known. Answer 503 with Retry-After. */
export class RoomUnreachable extends Error {
  override readonly name = 'RoomUnreachable';
}

const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A line on which nothing comes back for so long is given up: a machine that vanished closes nothing, and TCP takes a quarter of an hour to say so. */
const SILENCE_MS = 6_000;
const RECONNECT_MS_MAX = 1_000;
const RECONNECT_STEP_MS = 50;
const READY_WITHIN_MS = 10_000;
const RUN_ID = /^run_id:([0-9a-f]{40})\r?$/m;

/**
 * Opens a connection. `url` as in redis://user:password@host:port/0. Errors of the socket go to `onError` (the
 * reconnecting goes on by itself); their text holds no password.
 */
export function openRoomConnection(url: string, onError: (error: Error) => void = () => {}): RoomConnection {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_MS,
    enableReadyCheck: true,
    retryStrategy: (attempt: number) => Math.min(attempt * RECONNECT_STEP_MS, RECONNECT_MS_MAX),
  } satisfies RedisOptions);
  let runId: string | null = null;
  // Counts connections, so that an INFO answered late never names the process of an earlier one.
  let generation = 0;
  const waiting = new Set<() => void>();

  redis.on('error', onError);
  redis.on('close', () => {
    generation += 1;
    runId = null;
  });
  redis.on('ready', () => {
    const mine = generation;
    redis.info('server').then(
      (info) => {
        if (mine !== generation) return;
        runId = RUN_ID.exec(info)?.[1] ?? null;
        if (runId === null) return onError(new Error('INFO server without a run_id'));
        for (const wake of waiting) wake();
        waiting.clear();
      },
      // Without a run_id this connection is of no use: start over.
      () => mine === generation && redis.disconnect(true),
    );
  });

  const ready = async (withinMs = READY_WITHIN_MS): Promise<void> => {
    if (runId !== null) return;
    await new Promise<void>((resolve, reject) => {
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(wake);
        reject(new RoomUnreachable(`no Redis within ${withinMs} ms`));
      }, withinMs);
      waiting.add(wake);
    });
  };
  const close = async (): Promise<void> => {
    runId = null;
    redis.disconnect();
    await Promise.resolve();
  };
  return { redis, runId: () => runId, ready, close };
}
