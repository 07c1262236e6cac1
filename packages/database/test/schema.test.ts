import t from 'tap';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { migrate, openPool } from '../src/index.ts';
import { ownDatabase } from '@onsale/testing';

const require = createRequire(import.meta.url);
const { getTableConfig, MySqlTable } = require('drizzle-orm/mysql-core') as typeof import('drizzle-orm/mysql-core');

const url = await ownDatabase(t);
await migrate(url);
const pool = openPool({ url, connections: 2 });
t.teardown(() => pool.close());

type Column = { readonly name: string; readonly type: string; readonly nullable: boolean };
/** What both servers and drizzle spell differently: JSON is longtext on MariaDB, boolean is tinyint(1), integer widths are MySQL 5's. */
const plainType = (type: string): string =>
  type.toLowerCase()
    .replace(/^longtext$/, 'json').replace(/^boolean$/, 'tinyint').replace(/^(tinyint|smallint|mediumint|int|bigint)\(\d+\)/, '$1')
    .replaceAll("', '", "','").replace(/\s+\(/, '(');

async function columnsOf(table: string): Promise<Column[]> {
  const [rows] = await pool.query(
    `SELECT column_name AS name, column_type AS type, is_nullable AS nullable
     FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?`,
    [table],
  );
  return rows.map((row) => ({ name: row['name'] as string, type: plainType(String(row['type'])), nullable: row['nullable'] === 'YES' }));
}

const folder = new URL('../src/schema/', import.meta.url);
for (const file of (await readdir(folder)).filter((name) => name.endsWith('.ts'))) {
  t.test(`drizzle's tables in ${file} are those that the migrations make`, async (t) => {
    const tables = Object.values((await import(new URL(file, folder).href)) as Record<string, unknown>).filter((value) => value instanceof MySqlTable);
    t.ok(tables.length > 0);
    for (const table of tables) {
      const { name, columns, indexes } = getTableConfig(table);
      const byName = (one: Column, other: Column): number => (one.name < other.name ? -1 : 1);
      const declared = columns.map((column) => ({ name: column.name, type: plainType(column.getSQLType()), nullable: !column.notNull }));
      t.same(declared.sort(byName), (await columnsOf(name)).sort(byName), name);
      const [made] = await pool.query(
        'SELECT index_name AS name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ?',
        [name],
      );
      const names = made.map((row) => row['name'] as string);
      for (const { config } of indexes) t.ok(names.includes(config.name as string), `${name} has the index ${config.name}`);
    }
  });
}
