import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createPasswordHasher, createSignInThrottle } from '@onsale/control';
import { checkSchema, openPool } from '@onsale/database';
import { SECOND_MS } from '@onsale/kernel';
import { createMetrics, seldom, startLoop, type Logger, type OnsaleServer, type OpsConfig } from '@onsale/runtime';
import { openRoomConnection } from '@onsale/waiting-room';
import { buildApp } from './app.ts';
import { createAuditor } from './auditor.ts';
import type { OpsContext } from './context.ts';
import { GaugeBoard } from './gauges/gauge-board.ts';
import { HISTORY } from './gauges/gauge-history.ts';
import { createOperatorGate, type Refused } from './operator-gate.ts';
import { RoomDesk } from './rooms/room-desk.ts';

const CONSOLE_FOLDER = fileURLToPath(new URL('../../web/dist/ops', import.meta.url));
/** A statement of the desk that takes longer is given up: an operator's brake must not wait for it. */
const STATEMENT_MS = 3 * SECOND_MS;
const AUDIT_STATEMENT_MS = 10 * SECOND_MS;
const REDIS_AT_START_MS = SECOND_MS;
const RECONCILE_EVERY_MS = 2 * SECOND_MS;

export type Ops = { readonly app: OnsaleServer; readonly context: OpsContext; close(): Promise<void> };

export type WireOptions = {
  readonly consoleFolder?: string;
  /** Cheaper in tests only. */
  readonly passwords?: { readonly logN: number };
  /** How often rooms that nobody watches are read for the history. */
  readonly historyEveryMs?: number;
};

/** The only place of this app that opens clients. Connections to MySQL: one for audits, the others for everything else. */
export async function wire(config: OpsConfig, logger: Logger, options: WireOptions = {}): Promise<Ops> {
  const { consoleFolder = CONSOLE_FOLDER, passwords, historyEveryMs = HISTORY.everyMs } = options;
  const metrics = createMetrics('ops');
  const monotonic = (): number => performance.now();
  const onError = seldom(monotonic, (error: unknown) => logger.warn({ err: error }, 'a store could not be asked'));
  const { hot, money, reads } = config.pools;
  const pool = openPool({ url: config.databaseUrl, connections: money + reads, statementMs: STATEMENT_MS, role: 'reads' });
  const auditPool = openPool({ url: config.databaseUrl, connections: hot, statementMs: AUDIT_STATEMENT_MS, role: 'hot' });
  const connection = openRoomConnection(config.redisUrl, onError);
  const closeStores = async (): Promise<void> => {
    await Promise.all([pool.close(), auditPool.close(), connection.close()]);
  };
  try {
    await checkSchema(pool);
  } catch (error) {
    await closeStores();
    throw error;
  }
  const board = new GaugeBoard({ connection, database: pool, monotonic, wallClock: Date.now, onError });
  const desk = new RoomDesk({
    pool, connection, onError,
    onReading: (room, gauges) => board.notice(room, gauges),
    onChange: (room) => board.changed(room),
  });
  const throttle = createSignInThrottle(monotonic, (ms) => sleep(ms, undefined, { ref: false }));
  const onRefused = seldom(monotonic, (refused: Refused) => logger.warn(refused, 'an operator was refused'), ({ what }: Refused) => what);
  const gate = createOperatorGate({ pool, hasher: createPasswordHasher(passwords), throttle, monotonic, onRefused });
  const context: OpsContext = {
    pool, connection, gate, desk, board, auditor: createAuditor({ pool: auditPool, wallClock: Date.now }), 
    consoleFolder, socketBounds: config.sockets, onError,
  };
  metrics.gauge('onsale_unsaved_brakes', 'Brakes in force that the database does not know yet', () => desk.unsavedCount);
  const serving = { logger, metrics, publicOrigins: config.publicOrigins, trustedProxies: config.trustedProxies, checkReplies: config.checkReplies };
  const app = await buildApp(serving, context);
  // Redis away at the start is no reason not to start: the process is live, not ready, and says so.
  await connection.ready(REDIS_AT_START_MS).catch(onError);
  const loops = [
    startLoop({ name: 'reconcile', everyMs: RECONCILE_EVERY_MS, run: () => desk.reconcile(), onError }),
    startLoop({ name: 'history', everyMs: historyEveryMs, run: (signal) => readRooms(desk, board, signal, onError), onError }),
  ];
  return {
    app, context,
    async close() {
      await app.close();
      await Promise.all(loops.map((loop) => loop.stop()));
      await closeStores();
    },
  };
}

/** One after the other: a console's own questions go before. A room that cannot be read leaves a gap in its past alone. */
async function readRooms(desk: RoomDesk, board: GaugeBoard, signal: AbortSignal, onError: (error: unknown) => void): Promise<void> {
  const rooms = (await desk.list()).map(({ settings }) => settings).filter(({ phase }) => phase !== 'closed').slice(0, HISTORY.roomsMax);
  for (const { room } of rooms) {
    if (signal.aborted) return;
    await board.read(room).catch(onError);
  }
}
