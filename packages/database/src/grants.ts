import { quoteName } from './dialect.ts';
import { openPool } from './pool.ts';
import { DATABASE_APPS, TABLES, userOfApp, type DatabaseApp, type Table } from './tables.ts';

/**
 * The rights of each app's user, from `TABLES`: nothing that is not written there. Users are made with the server; the owner, who migrates, grants.
 * Granting again is harmless. A right that leaves the table of rights must be revoked by hand: a version that still runs may use it.
 */
const WORDS = { S: 'SELECT', I: 'INSERT', U: 'UPDATE', D: 'DELETE' } as const;
const NAME = /^[a-z][a-z0-9_]*$/;
const HOST = /^[\w.%:-]+$/;

export function grantStatements(app: DatabaseApp, { database, host }: { readonly database: string; readonly host: string }): string[] {
  if (!NAME.test(userOfApp(app)) || !HOST.test(host)) throw new Error('not a name of a user or of a host');
  return Object.entries<Table>(TABLES).flatMap(([table, { rights }]) => {
    const words = Array.from(rights[app] ?? '', (letter) => WORDS[letter as keyof typeof WORDS]);
    return words.length === 0 ? [] : [`GRANT ${words.join(', ')} ON ${quoteName(database)}.${quoteName(table)} TO '${userOfApp(app)}'@'${host}'`];
  });
}

/** After the migrations. `host`: from where the apps come, as the users were made: `127.0.0.1`, `%`. */
export async function grantApps(ownerUrl: string, host: string, apps: readonly DatabaseApp[] = DATABASE_APPS): Promise<void> {
  const database = decodeURIComponent(new URL(ownerUrl).pathname.slice(1));
  const pool = openPool({ url: ownerUrl, connections: 1 });
  try {
    for (const app of apps) for (const statement of grantStatements(app, { database, host })) await pool.query(statement);
  } finally {
    await pool.close();
  }
}
