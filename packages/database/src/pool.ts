import mysql from 'mysql2';
import { isReadOnly, READ_ONLY, SESSION_READ, sessionFaults, sessionStatements } from './dialect.ts';
import { DatabaseAway, failureOf } from './failures.ts';
import { lend, sendToDriver, type Connection, type Queryable, type RowDataPacket } from './session.ts';
import { createSlots, type Slots } from './slots.ts';

/**
 * A bounded pool: at most `connections` to the server, and a queue with a bound and a deadline before them (slots.ts), so that load ends at
 * the edge as 503 and never as an ever longer queue. mysql2's own queue, which has neither, is never reached.
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
export type PoolGauges = {
  readonly lent: number;
  readonly waiting: number;
  readonly connections: number;
  readonly statements: number;
  readonly refused: number;
};

export type PoolConfig = {
  /** mysql://user:password@host:port/database */
  readonly url: string;
  readonly connections: number;
  /** Callers that may wait for a connection; default twice the connections. */
  readonly queueMax?: number;
  /** Longest wait for a connection; default 1 s. */
  readonly waitMs?: number;
  /** Longest time of one statement; default 10 s. Past it the server ends it; past that by 1 s the connection is closed. */
  readonly statementMs?: number;
  readonly role?: PoolRole;
  /** Called with the text (placeholders, no values) of every statement, BEGIN and COMMIT included, session set-up not. */
  readonly onQuery?: (sql: string) => void;
  /** Test pools only: the database's NOW(), milliseconds since the epoch, followed by `SET timestamp`. */
  readonly nowMs?: () => number;
};

const WAIT_MS = 1_000;
const STATEMENT_MS = 10_000;
/** An answer later than this after the server's own limit will not come. */
const ANSWER_GRACE_MS = 1_000;
const CONNECT_MS = 3_000;
const QUEUE_PER_CONNECTION = 2;
/** A connection is asked so seldom whether it still leads to a server that takes writes. Less than the server keeps a silent one for. */
const CHECK_EVERY_MS = 5_000;
const CHECK_MS = 2_000;
/** The server's own limit is 16,382 for all connections together; mysql2's default is 16,000 for each. */
const PREPARED_STATEMENTS_MAX = 200;
/** Opens no connection yet: the first caller does. */
export function openPool(config: PoolConfig): Pool {
  const { connections, role = 'all', queueMax = connections * QUEUE_PER_CONNECTION, waitMs = WAIT_MS, statementMs = STATEMENT_MS } = config;
  if (!Number.isInteger(connections) || connections < 1) throw new Error(`a pool needs at least one connection, got ${connections}`);
  const driver = openDriver(config.url, connections);
  const slots = createSlots({ pool: role, count: connections, queueMax, waitMs });
  const sound = soundConnections(driver, statementMs, connections);
  let statements = 0;
  let closing: Promise<void> | undefined;
  const hooks = {
    answerMs: statementMs + ANSWER_GRACE_MS,
    nowMs: config.nowMs,
    onRelease: slots.give,
    onQuery: (sql: string) => {
      statements += 1;
      config.onQuery?.(sql);
    },
  };
  const acquire = async (): Promise<Connection> => {
    if (closing) throw new DatabaseAway('the pool is closed');
    await slots.take();
    try {
      return lend(await sound(), hooks);
    } catch (error) {
      slots.give();
      throw closing ? new DatabaseAway('the pool is closed') : failureOf(error, 'connect');
    }
  };
  return {
    role,
    connections,
    acquire,
    async query(sql, values) {
      const connection = await acquire();
      try {
        return await connection.query(sql, values);
      } finally {
        connection.release();
      }
    },
    async execute(sql, values) {
      const connection = await acquire();
      try {
        return await connection.execute(sql, values);
      } finally {
        connection.release();
      }
    },
    gauges: () => ({ ...slots.gauges(), connections, statements }),
    close: () => (closing ??= endDriver(driver, slots)),
  };
}

async function endDriver(driver: mysql.Pool, slots: Slots): Promise<void> {
  slots.close();
  await new Promise<void>((resolve) => driver.end(() => resolve()));
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

/**
 * Gives connections that are set up, and that have led to a server that takes writes within CHECK_EVERY_MS. Behind the address there may be
 * another server meanwhile: one that was demoted keeps its connections, and would be read from for ever. Where there is no other one yet,
 * the new connection is used: what reads goes on, what writes is told that the server cannot.
 */
function soundConnections(driver: mysql.Pool, statementMs: number, most: number): () => Promise<mysql.PoolConnection> {
  const checkedAt = new WeakMap<mysql.PoolConnection, number>();
  return async () => {
    for (let left = most; ; left -= 1) {
      const connection = await connect(driver);
      const checked = checkedAt.get(connection);
      if (checked === undefined) await setUp(connection, statementMs);
      else if (performance.now() - checked < CHECK_EVERY_MS) return connection;
      else if (!(await takesWrites(connection))) {
        connection.destroy();
        if (left > 0) continue;
        throw new DatabaseAway('database away: no connection that takes writes');
      }
      checkedAt.set(connection, performance.now());
      return connection;
    }
  };
}

/** False: it does not, or the connection has ended. Throws when it says nothing at all. */
async function takesWrites(connection: mysql.PoolConnection): Promise<boolean> {
  try {
    const [rows] = await sendToDriver<RowDataPacket[]>(connection, 'query', { sql: READ_ONLY, values: [], timeout: CHECK_MS });
    return !isReadOnly(rows[0]?.['read_only']);
  } catch (error) {
    if ((error as { code?: string }).code !== 'PROTOCOL_SEQUENCE_TIMEOUT') return false;
    connection.destroy();
    throw error;
  }
}

/** Sets the session and reads it back; a connection that is not as it must be is closed and the failure is loud. */
async function setUp(connection: mysql.PoolConnection, statementMs: number): Promise<void> {
  const options = { values: [], timeout: CONNECT_MS };
  try {
    for (const sql of sessionStatements(statementMs)) await sendToDriver(connection, 'query', { sql, ...options });
    const [rows] = await sendToDriver<RowDataPacket[]>(connection, 'query', { sql: SESSION_READ, ...options });
    const faults = sessionFaults(new Map(rows.map((row) => [row['Variable_name'] as string, row['Value'] as string])), statementMs);
    if (faults.length > 0) throw new Error(`session not as set: ${faults.join(', ')}`);
  } catch (error) {
    connection.destroy();
    throw error;
  }
}
