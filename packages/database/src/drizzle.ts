import { createRequire } from 'node:module';
import type { MySql2Database } from 'drizzle-orm/mysql2';
import type { Queryable } from './session.ts';

/**
 * Drizzle for every store that is not on a hot path: `import { … } from '@onsale/database/drizzle'`. A way in of its own, because it costs
 * 55 ms of start; through `require`, because its ESM form costs 350 ms and 270 MB.
 */
const require = createRequire(import.meta.url);
const core = require('drizzle-orm/mysql-core') as typeof import('drizzle-orm/mysql-core');
const orm = require('drizzle-orm') as typeof import('drizzle-orm');
const driver = require('drizzle-orm/mysql2') as typeof import('drizzle-orm/mysql2');

export const { and, asc, desc, eq, gt, gte, inArray, isNotNull, isNull, like, lt, lte, ne, not, or, sql } = orm;
export const {
  bigint, binary, boolean, char, check, customType, datetime, foreignKey, index, int, json, mediumint, mysqlEnum, mysqlTable, primaryKey,
  smallint, text, tinyint, uniqueIndex, varbinary, varchar,
} = core;

/** Bytes as a Buffer. (Drizzle's own `binary` decodes to a string and so breaks ids.) */
export const bytes = core.customType<{ data: Buffer; driverData: Buffer; config: { length: number } }>({
  dataType: (config) => `binary(${config?.length ?? 16})`,
});

/** Drizzle over a pool or inside a transaction. No relational queries: their LATERAL joins do not exist on MariaDB. */
export function drizzleOn(session: Queryable): MySql2Database {
  return driver.drizzle(session as never);
}

type PreparedPrototype = { queryWithCache: (sql: string, params: unknown[], query: () => Promise<unknown>) => Promise<unknown> };

/**
 * Drizzle puts the parameters of a failed query into its error's text, and with them people's data into logs; our own error underneath has
 * neither. It is thrown as it is.
 */
const prepared = (core as unknown as { MySqlPreparedQuery: { prototype: PreparedPrototype } }).MySqlPreparedQuery.prototype;
const drizzleQuery = prepared.queryWithCache;
prepared.queryWithCache = async function withoutValues(...given) {
  try {
    return await drizzleQuery.apply(this, given);
  } catch (error) {
    throw error instanceof Error && 'params' in error && error.cause instanceof Error ? error.cause : error;
  }
};
