import type { FieldPacket, PoolConnection as DriverConnection, QueryResult, ResultSetHeader, RowDataPacket } from 'mysql2';
import { CommitUnknown, DatabaseAway, DatabaseBusy, failureOf } from './failures.ts';

export type { FieldPacket, QueryResult, ResultSetHeader, RowDataPacket };

/** A value that may stand in place of a `?`. In `query` an array becomes a list for IN (…); in `execute` it must not. */
export type SqlValue = string | number | bigint | boolean | Date | Buffer | null | readonly SqlValue[] | Record<string, unknown>;
/** The driver's long form, used by drizzle. */
export type StatementOptions = { readonly sql: string; readonly rowsAsArray?: boolean; readonly typeCast?: unknown };

/** What a pool, a connection and a transaction have in common; the shape of mysql2/promise. */
export interface Queryable {
  /** Text protocol. Throws SqlFailure, DatabaseAway, DatabaseBusy. */
  query<Answer extends QueryResult = RowDataPacket[]>(sql: string | StatementOptions, values?: readonly SqlValue[]): Promise<[Answer, FieldPacket[]]>;
  /** Prepared statement, cached per connection (200): only for texts of fixed shape. */
  execute<Answer extends QueryResult = RowDataPacket[]>(sql: string, values?: readonly SqlValue[]): Promise<[Answer, FieldPacket[]]>;
}

/** One connection, lent out by a pool until `release`. */
export interface Connection extends Queryable {
  begin(isolation?: Isolation): Promise<void>;
  /** Throws CommitUnknown when the answer was lost. */
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Gives the connection back. One with an open transaction or a broken line is closed instead. Again: nothing. */
  release(): void;
}

/** What the function given to `inTransaction` gets. */
export type Tx = Queryable;

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

export type SessionHooks = {
  /** Longest wait for the answer to one statement, milliseconds; past it the connection is closed. */
  readonly answerMs: number;
  readonly onQuery: (sql: string) => void;
  /** Test pools only: what NOW() shall be, milliseconds since the epoch. */
  readonly nowMs: (() => number) | undefined;
  readonly onRelease: () => void;
};

const IN_TRANSACTION = 1;
const ROLLBACK = 'ROLLBACK';

/** Lends `driver` out. */
export function lend(driver: DriverConnection, hooks: SessionHooks): Connection {
  const line = createLine(driver, hooks);
  let released = false;
  let ended = false;
  const send: typeof line.send = (kind, statement, values) => {
    if (released) throw new Error('statement on a connection that was given back');
    return line.send(kind, statement, values);
  };
  /** A straggler of a transaction that has ended would commit by itself. */
  const sendWithin: typeof line.send = (kind, statement, values) => {
    if (ended) throw new Error('statement after the end of its transaction');
    return send(kind, statement, values);
  };
  return {
    query: async (sql, values = []) => sendWithin('query', sql, values),
    execute: async (sql, values = []) => sendWithin('execute', sql, values),
    async begin(isolation = 'read committed') {
      ended = false;
      line.open = true;
      // READ COMMITTED is what the pool asserted for the session; another level holds for the next transaction only.
      if (isolation !== 'read committed') await send('query', `SET TRANSACTION ISOLATION LEVEL ${isolation.toUpperCase()}`, []);
      await send('query', 'START TRANSACTION', []);
    },
    async commit() {
      ended = true;
      try {
        await send('query', 'COMMIT', []);
      } catch (error) {
        if (error instanceof DatabaseAway || error instanceof DatabaseBusy) throw new CommitUnknown('the answer to COMMIT was lost');
        throw error;
      }
    },
    async rollback() {
      ended = true;
      await send('query', ROLLBACK, []);
    },
    release() {
      if (released) return;
      released = true;
      if (line.open || line.broken) driver.destroy();
      else driver.release();
      hooks.onRelease();
    },
  };
}

/** `open`: in a transaction, by the server's word. `broken`: no answer, or half of one. */
type Line = {
  open: boolean;
  broken: boolean;
  send<Answer extends QueryResult>(
    kind: 'query' | 'execute', statement: string | StatementOptions, values: readonly SqlValue[],
  ): Promise<[Answer, FieldPacket[]]>;
};

/**
 * Statements go one after the other, in the order in which they are asked for.
 *
 * A transaction in which one has failed is over: whatever was asked of it meanwhile, or is asked next, is refused with the same failure
 * until ROLLBACK. Without that, callers that share a transaction would write on after a deadlock, which the server has rolled back: each
 * further statement would commit by itself.
 */
function createLine(driver: DriverConnection, hooks: SessionHooks): Line {
  const moveClock = hooks.nowMs === undefined ? undefined : createClockMover(driver, hooks.nowMs, hooks.answerMs);
  let over: Error | undefined;
  let before: Promise<unknown> = Promise.resolve();
  const sendNow = async <Answer extends QueryResult>(kind: 'query' | 'execute', options: StatementOptions, values: readonly SqlValue[]) => {
    if (options.sql === ROLLBACK) over = undefined;
    if (over !== undefined) throw over;
    // After a silence the driver still waits for the old answer: whatever is sent behind it, ROLLBACK too, would wait for ever.
    if (line.broken) throw new DatabaseAway('database away: the connection is broken');
    await moveClock?.();
    hooks.onQuery(options.sql);
    try {
      const reply = await sendToDriver<Answer>(driver, kind, { ...options, values, timeout: hooks.answerMs });
      const status = (reply[0] as Partial<ResultSetHeader>).serverStatus;
      if (typeof status === 'number') line.open = (status & IN_TRANSACTION) !== 0;
      return reply;
    } catch (error) {
      const failure = failureOf(error, options.sql);
      if (failure instanceof DatabaseAway) line.broken = true;
      if (line.open) over = failure;
      throw failure;
    }
  };
  const line: Line = {
    open: false,
    broken: false,
    send(kind, statement, values) {
      const sent = before.then(() => sendNow<never>(kind, typeof statement === 'string' ? { sql: statement } : statement, values));
      before = sent.catch(() => {});
      return sent;
    },
  };
  return line;
}

/** NOW() of a test pool stands still while one statement runs and follows `nowMs` between statements. */
function createClockMover(driver: DriverConnection, nowMs: () => number, timeout: number): () => Promise<void> {
  let setMs: number | undefined;
  return async () => {
    const ms = nowMs();
    if (ms === setMs) return;
    setMs = ms;
    await sendToDriver(driver, 'query', { sql: `SET timestamp = ${(ms / 1_000).toFixed(3)}`, values: [], timeout });
  };
}

/** The driver's callback form: its promise form builds a stack trace for every statement. */
export function sendToDriver<Answer extends QueryResult>(
  driver: DriverConnection,
  kind: 'query' | 'execute',
  options: StatementOptions & { readonly values: readonly SqlValue[]; readonly timeout: number },
): Promise<[Answer, FieldPacket[]]> {
  return new Promise((resolve, reject) => {
    driver[kind]<Answer>(options as never, (error, reply, fields) => {
      if (error) reject(error);
      else resolve([reply, fields]);
    });
  });
}
