import { randomBytes } from 'node:crypto';
import { migrate, openPool, type Pool } from '@onsale/database';
import { countQueries, type QueryCount } from './count-queries.ts';
import { addressOf, type TestContext } from './test-context.ts';

/** A database of one test file's own: migrated, empty, dropped at the end. */
export type TestDatabase = {
  /** For whoever opens pools of their own. */
  readonly url: string;
  readonly name: string;
  /** A small pool for the test's own statements; not counted by `queries`. */
  readonly pool: Pool;
  /** Give `queries.onQuery` to the pools whose statements are to be counted. */
  readonly queries: QueryCount;
};

const CONNECTIONS = 2;

export async function openTestDatabase(t: TestContext, { migrated = true } = {}): Promise<TestDatabase> {
  const server = openPool({ url: addressOf('DATABASE_URL'), connections: 1 });
  const name = `onsale_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(addressOf('DATABASE_URL'));
  url.pathname = `/${name}`;
  const pool = openPool({ url: url.href, connections: CONNECTIONS });
  t.teardown(async () => {
    await pool.close();
    await server.query(`DROP DATABASE IF EXISTS ${name}`);
    await server.close();
  });
  await server.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  if (migrated) await migrate(url.href);
  return { url: url.href, name, pool, queries: countQueries() };
}
