import { duplicateKeyIn } from './dialect.ts';
import { classOf } from './error-classes.ts';

/**
 * How the database fails. None of these carries a value of a row or a parameter: the driver's own errors do (in `sql` and in the
 * message of a duplicate), so they are never let out.
 */

/**
 * The pool is at its bound (nothing was sent), the server ended a statement that took too long (it is undone; its transaction is not), or it
 * is full: out of disk or memory.
 * The edge answers 503 with Retry-After.
 */
export class DatabaseBusy extends Error {
  override readonly name = 'DatabaseBusy';
  readonly code = 'database-busy';
  readonly reason: 'queue-full' | 'waited-too-long' | 'statement-ended' | 'server-full';
  readonly retryAfterMs = 1_000;

  constructor(reason: DatabaseBusy['reason'], where: string) {
    super(`${reason} in: ${where}`);
    this.reason = reason;
  }
}

/**
 * No connection, it broke under a statement (whether that took effect is not known), or this server cannot: it is read-only, shutting down, of
 * another password. The connection is closed. The edge answers 503.
 */
export class DatabaseAway extends Error {
  override readonly name = 'DatabaseAway';
  readonly code = 'database-away';
  readonly retryAfterMs = 1_000;
}

/** The answer to COMMIT was lost: the transaction may stand or not. Only a caller whose work can be repeated may run it again. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
  readonly code = 'commit-unknown';
  readonly retryAfterMs = 1_000;
}

/** A row that is needed is locked by another transaction, and nobody waits for it. Nothing was written; the edge answers 503. */
export class RowsLocked extends Error {
  override readonly name = 'RowsLocked';
  readonly code = 'rows-locked';
  readonly retryAfterMs = 500;

  constructor(table: string) {
    super(`rows of ${table} are locked elsewhere`);
  }
}

/** The server refused a statement. `statement` is the text with placeholders, never with values. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure';
  readonly code = 'sql-failure';
  readonly errno: number;
  readonly sqlState: string;
  readonly statement: string;
  /** For a duplicate: the key it broke (`PRIMARY` or the key's name). */
  readonly key: string | undefined;

  constructor(errno: number, sqlState: string, statement: string, key: string | undefined) {
    super(`SQL error ${errno} (${sqlState})${key === undefined ? '' : ` on key ${key}`} in: ${statement}`);
    this.errno = errno;
    this.sqlState = sqlState;
    this.statement = statement;
    this.key = key;
  }
}

/** The transaction was undone by a deadlock, a lock wait or the like, and may be run again; whoever has tried often enough answers 503. */
export class TransactionUndone extends SqlFailure {
  readonly retryAfterMs = 500;
}

const STATEMENT_TEXT_MAX = 200;

/** Our error for one of the driver's; `statement` is the text the caller gave. An error without a code is a bug of the caller's and stays itself. */
export function failureOf(error: unknown, statement: string): Error {
  const { errno, sqlState, sqlMessage, code, fatal } = error as { errno?: number; sqlState?: string; sqlMessage?: string; code?: string; fatal?: boolean };
  if (error instanceof Error && errno === undefined && code === undefined && fatal === undefined) return error;
  const answered = typeof errno === 'number' && typeof sqlMessage === 'string';
  const kind = answered ? classOf(errno) : 'away';
  if (!answered || fatal === true || kind === 'away') return new DatabaseAway(`database away: ${answered ? errno : (code ?? 'connection lost')}`);
  if (kind === 'ended') return new DatabaseBusy('statement-ended', shortened(statement));
  if (kind === 'full') return new DatabaseBusy('server-full', `${errno} of ${shortened(statement)}`);
  if (kind === 'again') return new TransactionUndone(errno, sqlState ?? '', shortened(statement), undefined);
  return new SqlFailure(errno, sqlState ?? '', shortened(statement), kind === 'duplicate' ? duplicateKeyIn(sqlMessage) : undefined);
}

const shortened = (statement: string): string => (statement.length > STATEMENT_TEXT_MAX ? `${statement.slice(0, STATEMENT_TEXT_MAX)}…` : statement);

/** Whether `error` says that a unique key (any, or the named one) has that value already. */
export const isDuplicate = (error: unknown, key?: string): boolean =>
  error instanceof SqlFailure && classOf(error.errno) === 'duplicate' && (key === undefined || error.key === key);

export const isCheckViolation = (error: unknown): boolean => error instanceof SqlFailure && classOf(error.errno) === 'check';

/** Whether the edge should answer 503 with `retryAfterMs`: the database cannot now, and that is nobody's mistake. */
export const isUnavailable = (error: unknown): error is DatabaseBusy | DatabaseAway | CommitUnknown | RowsLocked | TransactionUndone =>
  [DatabaseBusy, DatabaseAway, CommitUnknown, RowsLocked, TransactionUndone].some((kind) => error instanceof kind);
