/**
 * What an error number of the server means for us. MySQL, MariaDB, Galera and the usual proxies share the numbers; mysql2 misnames MariaDB's
 * above 4000, so only numbers are compared. What is not listed is a mistake in a statement of ours.
 *
 *   again   the transaction may be run again from its start; after too many runs the server cannot now
 *   away    this server cannot, or this connection is over: it is closed, and the next one may reach another server behind the address
 *   full    this server cannot now, another connection would not change that: the connection is kept
 *   ended   the server ended this statement, which is undone
 *   duplicate, check   the schema refused a row
 */
export type ErrorClass = 'again' | 'away' | 'full' | 'ended' | 'duplicate' | 'check';

export const ERROR_CLASSES: Readonly<Record<ErrorClass, Readonly<Record<number, string>>>> = {
  again: {
    1020: 'record changed since last read (MariaDB snapshot)', 1205: 'lock wait timeout', 1213: 'deadlock', 1412: 'table definition changed',
    1615: 'statement needs to be prepared again', 3101: 'rolled back by group replication', 3572: 'lock is not free (NOWAIT)',
  },
  away: {
    1040: 'too many connections', 1042: 'cannot resolve host', 1043: 'bad handshake', 1044: 'access to the database denied', 1045: 'access denied',
    1047: 'node is not ready (Galera)', 1049: 'no such database here', 1053: 'shutting down', 1080: 'thread is being closed', 1105: 'unknown error of a proxy',
    1129: 'host is blocked', 1130: 'host is not allowed', 1135: 'cannot make a thread', 1152: 'connection aborted', 1158: 'error reading packets',
    1159: 'timeout reading packets', 1160: 'error writing packets', 1161: 'timeout writing packets', 1184: 'connection aborted',
    1203: 'too many connections of this user', 1226: 'limit of this user', 1243: 'prepared statement is not known (another server)',
    1290: 'read-only server', 1461: 'too many prepared statements', 1792: 'read-only transaction', 1836: 'read-only mode', 1927: 'connection killed',
    2002: 'cannot connect', 2003: 'cannot connect', 2006: 'server has gone away', 2013: 'connection lost', 2055: 'connection lost', 3032: 'offline mode',
    3100: 'group replication cannot commit', 3168: 'server is not available', 3169: 'session killed', 4031: 'closed for inactivity',
    9001: 'no server behind ProxySQL',
  },
  full: {
    3: 'error writing a file', 5: 'out of memory', 20: 'disk full', 28: 'no space left', 1021: 'disk full', 1026: 'error writing a file',
    1030: 'error of the storage engine', 1037: 'out of memory', 1038: 'out of sort memory', 1041: 'out of memory', 1114: 'table is full',
    1180: 'error during COMMIT', 1206: 'lock table is full', 1637: 'too many transactions',
  },
  ended: { 1317: 'statement killed', 1969: 'max_statement_time (MariaDB)', 3024: 'max_execution_time (MySQL)' },
  duplicate: { 1062: 'duplicate entry', 1586: 'duplicate entry' },
  check: { 3819: 'CHECK (MySQL)', 4025: 'CHECK (MariaDB)' },
};

const CLASS_OF = new Map(
  (Object.keys(ERROR_CLASSES) as ErrorClass[]).flatMap((name) => Object.keys(ERROR_CLASSES[name]).map((errno) => [Number(errno), name] as const)),
);

/** Undefined: a mistake of ours. */
export const classOf = (errno: number): ErrorClass | undefined => CLASS_OF.get(errno);
