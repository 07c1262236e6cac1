import { openAppUser, openTestDatabase } from '@onsale/testing';
import t from 'tap';
import { DATABASE_APPS, openPool, SqlFailure, TABLES, type DatabaseApp, type Pool, type Rights } from '../src/index.ts';

const DENIED = new Set([1142, 1143]);
const VERBS = {
  S: (table: string) => `SELECT 1 FROM ${table} LIMIT 1`,
  I: (table: string, column: string) => `INSERT INTO ${table} (${column}) VALUES (NULL)`,
  U: (table: string, column: string) => `UPDATE ${table} SET ${column} = NULL WHERE FALSE`,
  D: (table: string) => `DELETE FROM ${table} WHERE FALSE`,
} as const;
type Verb = keyof typeof VERBS;
const rightsOf = (table: string): Rights => (TABLES as Readonly<Record<string, { readonly rights: Rights }>>)[table]?.rights ?? {};

const { pool: owner, url } = await openTestDatabase(t);
const database = new URL(url).pathname.slice(1);
const [columns] = await owner.query(
  'SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = DATABASE() AND ordinal_position = 1',
);

async function openAs(app: DatabaseApp): Promise<{ readonly user: string; readonly pool: Pool }> {
  const { name, url: own } = await openAppUser(t, url, app);
  const pool = openPool({ url: own, connections: 1 });
  t.teardown(() => pool.close());
  return { user: name, pool };
}

const isDenied = (pool: Pool, sql: string): Promise<boolean> =>
  pool.query(sql).then(
    () => false,
    (error: unknown) => error instanceof SqlFailure && DENIED.has(error.errno),
  );

/** Where what the server allows is not what is declared. */
async function differences(app: DatabaseApp, pool: Pool): Promise<string[]> {
  const found: string[] = [];
  for (const row of columns) {
    const table = String(row['t']);
    for (const [verb, sql] of Object.entries(VERBS)) {
      const declared = (rightsOf(table)[app] ?? '').includes(verb as Verb);
      if ((await isDenied(pool, sql(table, String(row['c'])))) === declared) found.push(`${verb} ${table}: ${declared ? 'denied' : 'allowed'}`);
    }
  }
  return found;
}

for (const app of DATABASE_APPS) {
  t.test(`${app}'s user may what is declared and nothing else`, async (t) => {
    const { user, pool } = await openAs(app);
    t.same(await differences(app, pool), []);
    for (const sql of ['CREATE TABLE other (n INT)', 'DROP TABLE audit_log', 'ALTER TABLE seat ADD COLUMN n INT']) t.ok(await isDenied(pool, sql), sql);
    if (app !== 'ops') return;
    await owner.query(`GRANT DELETE ON ${database}.audit_log TO '${user}'@'127.0.0.1'`);
    t.same(await differences(app, pool), ['D audit_log: allowed'], 'negative control: a right too many is seen');
  });
}

t.test('the audit log is only ever appended to', async (t) => {
  for (const rights of Object.values(TABLES.audit_log.rights)) t.match(rights, /^S?I?$/);
});
