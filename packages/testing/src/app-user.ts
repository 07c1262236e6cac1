import { randomBytes } from 'node:crypto';
import { grantStatements, openPool, userOfApp, type DatabaseApp } from '@onsale/database';
import type { TestContext } from './test-context.ts';

/** A user of the test's own with an app's rights: users are the server's, not a database's. */
export type AppUser = { readonly name: string; readonly url: string };

/**
 * The database at the owner's `url` as an app sees it, so that whatever a test has the app do, it does by the rights it has on a sale.
 * Closers of what uses it must be registered after it.
 */
export async function openAppUser(t: Pick<TestContext, 'teardown'>, url: string, app: DatabaseApp): Promise<AppUser> {
  const [name, password] = [`t_${randomBytes(6).toString('hex')}`, randomBytes(12).toString('hex')];
  const own = new URL(url);
  const [database, host] = [own.pathname.slice(1), '127.0.0.1'];
  const owner = openPool({ url, connections: 1 });
  t.teardown(async () => {
    await owner.query(`DROP USER '${name}'@'${host}'`);
    await owner.close();
  });
  await owner.query(`CREATE USER '${name}'@'${host}' IDENTIFIED BY '${password}'`);
  for (const statement of grantStatements(app, { database, host })) await owner.query(statement.replace(userOfApp(app), name));
  return { name, url: Object.assign(own, { username: name, password }).href };
}
