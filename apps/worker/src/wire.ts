import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { createHoldEngine, openEntrySessions, openShowBooks } from '@onsale/booking';
import { checkSchema, isUnavailable, openDatabase } from '@onsale/database';
import { SECOND_MS, type OpaqueId } from '@onsale/kernel';
import { createOrderIdSigner, createTossClient, tellCall } from '@onsale/payments';
import { createLogger, createMetrics, seldom, type Inside, type Logger, type WorkerConfig } from '@onsale/runtime';
import { openWakeQueue, startWakeWorker } from '@onsale/runtime/jobs';
import type { SalesContext } from '@onsale/sales';
import { openRoomConnection } from '@onsale/waiting-room';
import { buildApp } from './app.ts';
import type { WorkerContext } from './context.ts';
import { finishEffect, refundEffect } from './effects.ts';
import { startLoops, type WorkerLoops } from './loops.ts';

/** Wake-ups of the outbox: a job says "look now"; the rows say at what. */
export const WAKE_QUEUE = 'outbox';
const REDIS_AT_START_MS = SECOND_MS;

export type Worker = { readonly inside: Inside; readonly loops: WorkerLoops; close(): Promise<void> };

const sleep: SalesContext['sleep'] = (ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);

/** Opens Redis and MySQL and starts the loops. Neither need be there at the start: loops wait and say so. */
export async function wire(config: WorkerConfig, logger: Logger = createLogger({ name: 'worker', level: config.logLevel })): Promise<Worker> {
  const metrics = createMetrics('worker');
  const monotonic = (): number => performance.now();
  const onFault = seldom(monotonic, (error: unknown) => logger.warn({ err: error }, 'Redis or the database is away'));
  const database = openDatabase({ url: config.databaseUrl, ...config.pools });
  await checkSchema(database.reads).catch((error: unknown) => {
    if (!isUnavailable(error)) throw error;
    onFault(error);
  });
  const connection = openRoomConnection(config.redisUrl, onFault);
  await connection.ready(REDIS_AT_START_MS).catch(onFault);
  const books = openShowBooks({ pool: database.reads, maps: false, onFault });
  const engine = createHoldEngine({ pool: database.hot, reads: database.reads, books, onFault });
  const sessions = openEntrySessions({ pool: database.reads, poll: false, onFault });
  const provider = createTossClient({
    baseUrl: config.tossUrl, secretKey: config.secrets.toss.secretKey, connections: config.tossConnections, onCall: tellCall(logger),
  });
  const sales: SalesContext = {
    database, engine, books, sessions, provider, sleep,
    orderIds: createOrderIdSigner(config.secrets.toss.orderMac),
    orderKeys: config.secrets.order as SalesContext['orderKeys'],
    newId: () => randomBytes(16).toString('base64url') as OpaqueId,
    onFault: (saga, error) => logger.warn({ err: error, saga }, 'a saga could not go on; it will'),
  };
  const effects = { finish: finishEffect(connection, database), refund: refundEffect(sales, Math.random) };
  const context: WorkerContext = { database, connection, sessions, sales, effects, logger, metrics, monotonic };
  const queue = openWakeQueue({ redisUrl: config.redisUrl, queue: WAKE_QUEUE }, onFault);
  const loops = startLoops(context, (rowId, delayMs) => void queue.wake(String(rowId), delayMs).catch(onFault));
  const waker = startWakeWorker({ redisUrl: config.redisUrl, queue: WAKE_QUEUE, handle: async () => loops.kickRelay(), onError: onFault });
  const inside = buildApp(context, loops);
  return {
    inside, loops,
    async close() {
      await inside.close();
      await waker.close();
      await loops.stop();
      await queue.close();
      await engine.close();
      await provider.close();
      await Promise.all([sessions.close(), books.close(), connection.close()]);
      await database.close();
    },
  };
}
