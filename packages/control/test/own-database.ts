import { randomBytes } from 'node:crypto';
import { openPool } from '@onsale/database';

type Teardown = { readonly teardown: (close: () => unknown) => unknown };

/** An empty database of this test file's own, dropped at its end; gives its URL. */
export async function ownDatabase(t: Teardown): Promise<string> {
  const url = new URL(process.env['DATABASE_URL'] ?? 'mysql://onsale:onsale@127.0.0.1:3306/onsale');
  const name = `onsale_test_${randomBytes(6).toString('hex')}`;
  const server = openPool({ url: url.href, connections: 1 });
  await server.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci`);
  t.teardown(async () => {
    await server.query(`DROP DATABASE IF EXISTS ${name}`);
    await server.close();
  });
  url.pathname = `/${name}`;
  return url.href;
}
