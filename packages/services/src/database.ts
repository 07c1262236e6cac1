import { startMariadb } from './mariadb.ts';
import { startMysql } from './mysql.ts';
import type { SqlServer, SqlServerOptions } from './sql-server.ts';

/** MariaDB unless `--database mysql` asks `npm test` or `npm start` for the other. */
export type DatabaseEngine = 'mariadb' | 'mysql';
export const ENGINE_VARIABLE = 'ONSALE_TEST_DATABASE';

export function testEngine(): DatabaseEngine {
  const named = process.env[ENGINE_VARIABLE] ?? 'mariadb';
  if (named !== 'mariadb' && named !== 'mysql') throw new Error(`${ENGINE_VARIABLE} is mariadb or mysql, not ${named}`);
  return named;
}

/** A private server of that kind; in a test, of the kind that the run is about. */
export const startDatabase = (options: SqlServerOptions, engine: DatabaseEngine = testEngine()): Promise<SqlServer> => (
  engine === 'mysql' ? startMysql(options) : startMariadb(options)
);
