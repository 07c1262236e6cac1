/**
 * Everything in which MySQL 8 and MariaDB differ for us, and the session that both must give. All other SQL is the subset they share.
 */

/** Strict in every engine, no zero dates, no silent engine change, no half-grouped rows. Both servers know each of these. */
export const SQL_MODE = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,ONLY_FULL_GROUP_BY';
/** For a row locked by another transaction. */
export const LOCK_WAIT_S = 2;
/** For a table that a migration is changing; also how long a migration holds everybody up before it gives way. */
export const TABLE_LOCK_WAIT_S = 5;

/**
 * Run on every new connection before anybody gets it. `SET TRANSACTION …` because the variable's name differs (tx_isolation,
 * transaction_isolation). The limit on a statement's time has another name and reach on each server (MySQL: SELECT only); the comments are
 * executed by one of them each.
 */
export const sessionStatements = (statementMs: number): readonly string[] => [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  `SET SESSION sql_mode = '${SQL_MODE}', SESSION time_zone = '+00:00', SESSION autocommit = 1,
   SESSION innodb_lock_wait_timeout = ${LOCK_WAIT_S}, SESSION lock_wait_timeout = ${TABLE_LOCK_WAIT_S}
   /*M! , SESSION max_statement_time = ${(statementMs / 1_000).toFixed(3)} */ /*!80000 , SESSION max_execution_time = ${Math.ceil(statementMs)} */`,
];

/** Reads the session back, whichever name the isolation has there: rows of {Variable_name, Value}. */
export const SESSION_READ =
  "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation', 'sql_mode', 'time_zone', " +
  "'innodb_lock_wait_timeout', 'lock_wait_timeout', 'autocommit', 'character_set_connection')";

const WANTED: Readonly<Record<string, string>> = {
  time_zone: '+00:00',
  innodb_lock_wait_timeout: String(LOCK_WAIT_S),
  lock_wait_timeout: String(TABLE_LOCK_WAIT_S),
  autocommit: 'ON',
  character_set_connection: 'utf8mb4',
};

/** Names what in a session read back by `SESSION_READ` is not as it must be; empty when all is well. */
export function sessionFaults(variables: ReadonlyMap<string, string>): string[] {
  const isolation = variables.get('transaction_isolation') ?? variables.get('tx_isolation');
  const modes = new Set((variables.get('sql_mode') ?? '').split(','));
  const faults: string[] = [];
  if (isolation !== 'READ-COMMITTED') faults.push(`isolation ${isolation}`);
  for (const mode of SQL_MODE.split(',')) if (!modes.has(mode)) faults.push(`sql_mode without ${mode}`);
  for (const [name, wanted] of Object.entries(WANTED)) if (variables.get(name) !== wanted) faults.push(`${name} ${variables.get(name)}`);
  return faults;
}

/**
 * Error numbers. NOWAIT fails with 3572 on MySQL and 1205 on MariaDB; a CHECK with 3819 on MySQL and 4025 on MariaDB. mysql2 misnames
 * MariaDB's numbers above 4000, so only numbers are compared.
 */
const DEADLOCK = 1213;
const LOCK_WAIT = 1205;
const LOCK_NOWAIT = 3572;
const SNAPSHOT_CHANGED = 1020;
const DUPLICATE = 1062;
const CHECKS = new Set([3819, 4025]);

/** The whole transaction may be run again from its start. 1205 undoes only its statement, so the runner rolls back itself first. */
export const isRetryable = (errno: number): boolean => errno === DEADLOCK || errno === LOCK_WAIT || errno === LOCK_NOWAIT || errno === SNAPSHOT_CHANGED;
export const isLockWaitErrno = (errno: number): boolean => errno === LOCK_WAIT;
export const isDuplicateErrno = (errno: number): boolean => errno === DUPLICATE;
export const isCheckErrno = (errno: number): boolean => CHECKS.has(errno);

/** Too many connections (of all, of one user), shutting down, connection killed: the server is there and cannot serve. */
export const AWAY_ERRNOS: ReadonlySet<number> = new Set([1040, 1203, 1053, 1927]);

/** The server ended a statement that took too long: MariaDB 1969, MySQL 3024. The statement is undone. */
export const isTooLongErrno = (errno: number): boolean => errno === 1969 || errno === 3024;

/** What a re-run of a half-run `ALTER TABLE` may meet: column, key or table there already, or what is to be dropped gone already. */
export const ALREADY_DONE_ERRNOS: ReadonlySet<number> = new Set([1050, 1060, 1061, 1091]);

/** The name of the key in a duplicate's message: `table.key` on MySQL, `key` on MariaDB. */
export function duplicateKeyIn(message: string): string | undefined {
  const named = /for key '([^']+)'/.exec(message)?.[1];
  return named === undefined ? undefined : named.slice(named.lastIndexOf('.') + 1);
}

/** A backquoted identifier. */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
