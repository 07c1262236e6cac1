import { Redis, type RedisOptions } from 'ioredis';

/*
 * One connection to Redis that always knows which Redis process it speaks to.
 *
 *   connecting ──► ready (role and run_id read) ──close──► connecting …  ──close()──► closed
 *                    └── a replica: nobody is served ──► connecting, after a pause
 *
 * Guarantee (half of the fence, waiting-room.md §5): a command that carries the run_id of one process can never reach
 * another one. Therefore nothing is queued while offline and nothing is sent again after a reconnect: such a command
 * would carry the old run_id to a server whose data may still name it as adopted. It fails with RoomUnreachable instead.
 *
 * Nothing is read from a replica. One that is met at connecting is left at once. A primary that is demoted under us keeps its run_id and
 * its clients, and may still hold the place of every fan as it was: therefore every script, those that only read too, is one that a replica
 * refuses (READONLY); that answer ends the connection, and the next one reaches whoever is primary behind the address.
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
/** A replica is behind the address: its turn may come, or another server's. */
const REPLICA_PAUSE_MS = 250;
/** Only replicas answer so. */
const NOT_PRIMARY = /^(READONLY|MASTERDOWN)/;
const PRIMARY = /^role:master\r?$/m;
const RUN_ID = /^run_id:([0-9a-f]{40})\r?$/m;

const OPTIONS = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SILENCE_MS,
  enableReadyCheck: true,
  // 1: connect anew, the command is not sent again.
  reconnectOnError: (error: Error) => (NOT_PRIMARY.test(error.message) ? 1 : false),
  retryStrategy: (attempt: number) => Math.min(attempt * RECONNECT_STEP_MS, RECONNECT_MS_MAX),
} satisfies RedisOptions;

/**
 * Opens a connection. `url` as in redis://user:password@host:port/0. Errors of the socket go to `onError` (the
 * reconnecting goes on by itself); their text holds no password.
 */
export function openRoomConnection(url: string, onError: (error: Error) => void = () => {}): RoomConnection {
  const redis = new Redis(url, OPTIONS);
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
    readServer(redis).then(
      (server) => {
        if (mine !== generation) return;
        if (server.isPrimary) return usable(server.runId);
        onError(new Error('this Redis is a replica'));
        setTimeout(() => mine === generation && redis.disconnect(true), REPLICA_PAUSE_MS).unref();
      },
      // Without a run_id this connection is of no use: start over.
      () => mine === generation && redis.disconnect(true),
    );
  });
  const usable = (ofServer: string | null): void => {
    runId = ofServer;
    if (runId === null) return onError(new Error('INFO server without a run_id'));
    for (const wake of waiting) wake();
    waiting.clear();
  };

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
    generation += 1;
    runId = null;
    redis.disconnect();
    await Promise.resolve();
  };
  return { redis, runId: () => runId, ready, close };
}

async function readServer(redis: Redis): Promise<{ readonly isPrimary: boolean; readonly runId: string | null }> {
  const [server, replication] = await Promise.all([redis.info('server'), redis.info('replication')]);
  return { isPrimary: PRIMARY.test(replication), runId: RUN_ID.exec(server)?.[1] ?? null };
}

/** A plain command, for what no script reads. Rejects with RoomUnreachable for whatever keeps Redis from answering; nothing is asked of a replica. */
export async function askPlainly<Reply>(connection: RoomConnection, what: string, ask: (redis: Redis) => Promise<Reply>): Promise<Reply> {
  if (connection.runId() === null) throw new RoomUnreachable('not connected to Redis');
  try {
    return await ask(connection.redis);
  } catch (error) {
    throw new RoomUnreachable(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
