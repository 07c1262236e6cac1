import mysql from 'mysql2';
import { SESSION_READ, SESSION_STATEMENTS, sessionFaults } from './dialect.ts';
import { DatabaseAway, DatabaseBusy, failureOf } from './failures.ts';
import { lend, sendToDriver, type Connection, type Queryable, type RowDataPacket } from './session.ts';

/**
 * A bounded pool: at most `connections` to the server, at most `queueMax` callers waiting for one, none longer than `waitMs`. Past either
 * bound it throws DatabaseBusy at once, so that load ends at the edge as 503 and never as an ever longer queue. (mysql2's own queue has no
 * deadline and no bound by default; here it is never used.)
 *
 *   acquire ── free slot ──► lent ── release ──► next waiting caller, or free
 *      ├── all lent, queue not full ──► waiting ── waitMs over ──► DatabaseBusy 'waited-too-long'
 *      └── queue full ──► DatabaseBusy 'queue-full'
 */
export interface Pool extends Queryable {
  readonly role: PoolRole;
  readonly connections: number;
  /** A connection of one's own until `release`. Throws DatabaseBusy, DatabaseAway. */
  acquire(): Promise<Connection>;
  gauges(): PoolGauges;
  /** Refuses new callers, then closes every connection. */
  close(): Promise<void>;
}

/** hot: holds by group commit. money: payments, outbox. reads: everything else. */
export type PoolRole = 'hot' | 'money' | 'reads' | 'all';
/** `waiting` now; `statements` and `refused` since the start. */
export type PoolGauges = { readonly lent: number; readonly waiting: number; readonly connections: number; readonly statements: number; readonly refused: number };

export type PoolConfig = {
  /** mysql://user:password@host:port/database */
  readonly url: string;
  readonly connections: number;
  /** Callers that may wait for a connection; default twice the connections. */
  readonly queueMax?: number;
  /** Longest wait for a connection; default 1 s. */
  readonly waitMs?: number;
  /** Longest wait for one statement; default 10 s. */
  readonly statementMs?: number;
  readonly role?: PoolRole;
  /** Called with the text (placeholders, no values) of every statement, BEGIN and COMMIT included, session set-up not. */
  readonly onQuery?: (sql: string) => void;
  /** Test pools only: the database's NOW(), milliseconds since the epoch, followed by `SET timestamp`. */
  readonly nowMs?: () => number;
};

const WAIT_MS = 1_000;
const STATEMENT_MS = 10_000;
const CONNECT_MS = 3_000;
const QUEUE_PER_CONNECTION = 2;
/** The server's own limit is 16,382 for all connections together; mysql2's default is 16,000 for each. */
const PREPARED_STATEMENTS_MAX = 200;
/** How long a refused caller is asked to stay away. */
const RETRY_AFTER_MS = 1_000;

type Waiting = { readonly take: () => void; readonly refuse: (error: Error) => void; readonly timer: NodeJS.Timeout };

/** Opens no connection yet: the first caller does. */
export function openPool(config: PoolConfig): Pool {
  const { connections, role = 'all', queueMax = connections * QUEUE_PER_CONNECTION, waitMs = WAIT_MS } = config;
  if (!Number.isInteger(connections) || connections < 1) throw new Error(`a pool needs at least one connection, got ${connections}`);
  const driver = openDriver(config.url, connections);
  const ready = new WeakSet<mysql.PoolConnection>();
  const waiting = new Set<Waiting>();
  let lent = 0;
  let statements = 0;
  let refused = 0;
  let closing: Promise<void> | undefined;

  const busy = (reason: DatabaseBusy['reason']): DatabaseBusy => {
    refused += 1;
    return new DatabaseBusy(role, reason, RETRY_AFTER_MS);
  };
  /** Resolves holding one of the `connections` slots. */
  const takeSlot = (): Promise<void> => {
    if (lent < connections) {
      lent += 1;
      return Promise.resolve();
    }
    if (waiting.size >= queueMax) return Promise.reject(busy('queue-full'));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(caller);
        reject(busy('waited-too-long'));
      }, waitMs);
      const caller: Waiting = { take: resolve, refuse: reject, timer };
      waiting.add(caller);
    });
  };
  /** The slot goes straight to the longest waiting caller, so a newcomer never overtakes. */
  const giveSlot = (): void => {
    for (const caller of waiting) {
      waiting.delete(caller);
      clearTimeout(caller.timer);
      caller.take();
      return;
    }
    lent -= 1;
  };
  const hooks = {
    statementMs: config.statementMs ?? STATEMENT_MS,
    nowMs: config.nowMs,
    onRelease: giveSlot,
    onQuery: (sql: string) => {
      statements += 1;
      config.onQuery?.(sql);
    },
  };

  const pool: Pool = {
    role,
    connections,
    async acquire() {
      if (closing) throw new DatabaseAway('the pool is closed');
      await takeSlot();
      let connection: mysql.PoolConnection;
      try {
        connection = await connect(driver);
        if (!ready.has(connection)) await setUp(connection);
        ready.add(connection);
      } catch (error) {
        giveSlot();
        throw closing ? new DatabaseAway('the pool is closed') : failureOf(error, 'connect');
      }
      return lend(connection, hooks);
    },
    async query(sql, values) {
      const connection = await pool.acquire();
      try {
        return await connection.query(sql, values);
      } finally {
        connection.release();
      }
    },
    async execute(sql, values) {
      const connection = await pool.acquire();
      try {
        return await connection.execute(sql, values);
      } finally {
        connection.release();
      }
    },
    gauges: () => ({ lent, waiting: waiting.size, connections, statements, refused }),
    close: () => {
      closing ??= (async () => {
        for (const caller of waiting) {
          clearTimeout(caller.timer);
          caller.refuse(new DatabaseAway('the pool is closed'));
        }
        waiting.clear();
        await new Promise<void>((resolve) => driver.end(() => resolve()));
      })();
      return closing;
    },
  };
  return pool;
}

function openDriver(url: string, connections: number): mysql.Pool {
  const { hostname, port, username, password, pathname } = new URL(url);
  return mysql.createPool({
    host: decodeURIComponent(hostname),
    port: port === '' ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    connectionLimit: connections,
    maxIdle: connections,
    connectTimeout: CONNECT_MS,
    enableKeepAlive: true,
    charset: 'UTF8MB4_UNICODE_CI',
    timezone: 'Z',
    supportBigNumbers: true,
    maxPreparedStatements: PREPARED_STATEMENTS_MAX,
    flags: ['-LOCAL_FILES'],
    multipleStatements: false,
  });
}

const connect = (driver: mysql.Pool): Promise<mysql.PoolConnection> =>
  new Promise((resolve, reject) => {
    driver.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
  });

/** Sets the session and reads it back; a connection that is not as it must be is closed and the failure is loud. */
async function setUp(connection: mysql.PoolConnection): Promise<void> {
  const options = { values: [], timeout: CONNECT_MS };
  try {
    for (const sql of SESSION_STATEMENTS) await sendToDriver(connection, 'query', { sql, ...options });
    const [rows] = await sendToDriver<RowDataPacket[]>(connection, 'query', { sql: SESSION_READ, ...options });
    const faults = sessionFaults(new Map(rows.map((row) => [row['Variable_name'] as string, row['Value'] as string])));
    if (faults.length > 0) throw new Error(`session not as set: ${faults.join(', ')}`);
  } catch (error) {
    connection.destroy();
    throw error;
  }
}
