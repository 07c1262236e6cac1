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

/** An empty database of one test file's own, dropped at its end; gives its URL. Closers of what uses it must be registered after it. */
export async function ownDatabase(t: Pick<TestContext, 'teardown'>): Promise<string> {
  const server = openPool({ url: addressOf('DATABASE_URL'), connections: 1 });
  const name = `onsale_test_${randomBytes(6).toString('hex')}`;
  await server.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci`);
  t.teardown(async () => {
    await server.query(`DROP DATABASE IF EXISTS ${name}`);
    await server.close();
  });
  const url = new URL(addressOf('DATABASE_URL'));
  url.pathname = `/${name}`;
  return url.href;
}

export async function openTestDatabase(t: TestContext, { migrated = true } = {}): Promise<TestDatabase> {
  const url = await ownDatabase(t);
  const pool = openPool({ url, connections: CONNECTIONS });
  t.teardown(() => pool.close());
  if (migrated) await migrate(url);
  return { url, name: new URL(url).pathname.slice(1), pool, queries: countQueries() };
}
