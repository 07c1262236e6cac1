import { startMariadb } from './mariadb.ts';
import { startMysql } from './mysql.ts';
import type { SqlServer, SqlServerOptions } from './sql-server.ts';

/** Which server a test runs on: MariaDB, or what `npm test -- --database mysql` has asked for. */
export type DatabaseEngine = 'mariadb' | 'mysql';
export const ENGINE_VARIABLE = 'ONSALE_TEST_DATABASE';

export function testEngine(): DatabaseEngine {
  const named = process.env[ENGINE_VARIABLE] ?? 'mariadb';
  if (named !== 'mariadb' && named !== 'mysql') throw new Error(`${ENGINE_VARIABLE} is mariadb or mysql, not ${named}`);
  return named;
}

/** A private server of the kind that this run of the tests is about. */
export const startTestDatabase = (options: SqlServerOptions, engine: DatabaseEngine = testEngine()): Promise<SqlServer> => (
  engine === 'mysql' ? startMysql(options) : startMariadb(options)
);
