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
 * A connection that says nothing, or takes nothing, for so long is ended by the server, and what it has locked is free: its process is frozen,
 * or its host is gone, and nothing else would say so for 8 hours. At least this; a pool whose statements may last longer gives itself that long.
 */
export const SILENT_S = 15;
export const silentS = (statementMs: number): number => Math.max(SILENT_S, Math.ceil(statementMs / 1_000));
/** Asked of a connection from time to time: 1, or another word for it, on a server that takes no writes. */
export const READ_ONLY = 'SELECT @@global.read_only AS read_only';
export const isReadOnly = (value: unknown): boolean => !['0', 'OFF'].includes(String(value));

/**
 * Run on every new connection before anybody gets it. `SET TRANSACTION …` because the variable's name differs (tx_isolation,
 * transaction_isolation). The limit on a statement's time has another name and reach on each server (MySQL: SELECT only); the comments are
 * executed by one of them each.
 */
export const sessionStatements = (statementMs: number): readonly string[] => [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  `SET SESSION sql_mode = '${SQL_MODE}', SESSION time_zone = '+00:00', SESSION autocommit = 1,
   SESSION innodb_lock_wait_timeout = ${LOCK_WAIT_S}, SESSION lock_wait_timeout = ${TABLE_LOCK_WAIT_S},
   SESSION wait_timeout = ${silentS(statementMs)}, SESSION net_read_timeout = ${SILENT_S}, SESSION net_write_timeout = ${SILENT_S}
   /*M! , SESSION max_statement_time = ${(statementMs / 1_000).toFixed(3)},
   SESSION idle_transaction_timeout = ${silentS(statementMs)} */ /*!80000 , SESSION max_execution_time = ${Math.ceil(statementMs)} */`,
];

/** Reads the session back, whichever name the isolation has there: rows of {Variable_name, Value}. */
export const SESSION_READ =
  "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation', 'sql_mode', 'time_zone', " +
  "'innodb_lock_wait_timeout', 'lock_wait_timeout', 'autocommit', 'character_set_connection', 'wait_timeout', 'net_read_timeout', " +
  "'net_write_timeout', 'idle_transaction_timeout')";

const WANTED: Readonly<Record<string, string>> = {
  time_zone: '+00:00',
  innodb_lock_wait_timeout: String(LOCK_WAIT_S),
  lock_wait_timeout: String(TABLE_LOCK_WAIT_S),
  autocommit: 'ON',
  character_set_connection: 'utf8mb4',
  net_read_timeout: String(SILENT_S),
  net_write_timeout: String(SILENT_S),
};

/** Names what in a session read back by `SESSION_READ` is not as it must be. MySQL has no idle_transaction_timeout: wait_timeout does it. */
export function sessionFaults(variables: ReadonlyMap<string, string>, statementMs: number): string[] {
  const isolation = variables.get('transaction_isolation') ?? variables.get('tx_isolation');
  const modes = new Set((variables.get('sql_mode') ?? '').split(','));
  const faults: string[] = [];
  if (isolation !== 'READ-COMMITTED') faults.push(`isolation ${isolation}`);
  for (const mode of SQL_MODE.split(',')) if (!modes.has(mode)) faults.push(`sql_mode without ${mode}`);
  const silent = String(silentS(statementMs));
  const idle = variables.has('idle_transaction_timeout') ? { idle_transaction_timeout: silent } : {};
  for (const [name, wanted] of Object.entries({ ...WANTED, wait_timeout: silent, ...idle })) {
    if (variables.get(name) !== wanted) faults.push(`${name} ${variables.get(name)}`);
  }
  return faults;
}

/** What a re-run of a half-run `ALTER TABLE` may meet: column, key or table there already, or what is to be dropped gone already. */
export const ALREADY_DONE_ERRNOS: ReadonlySet<number> = new Set([1050, 1060, 1061, 1091]);

/** The name of the key in a duplicate's message: `table.key` on MySQL, `key` on MariaDB. */
export function duplicateKeyIn(message: string): string | undefined {
  const named = /for key '([^']+)'/.exec(message)?.[1];
  return named === undefined ? undefined : named.slice(named.lastIndexOf('.') + 1);
}

/** A backquoted identifier. */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
