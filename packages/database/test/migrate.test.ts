import t, { type Test } from 'tap';
import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { checkSchema, migrate, MIGRATIONS_FOLDER, MigrationRefused, openPool, type Pool } from '../src/index.ts';
import { lockOf } from '../src/migrate.ts';
import { readMigrations } from '../src/migration-files.ts';
import { ownDatabase } from '@onsale/testing';

const refusalOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => new Error('was not refused'), (error: unknown) => error);
const setUp = async (test: Pick<Test, 'teardown'>): Promise<{ url: string; pool: Pool }> => {
  const url = await ownDatabase(test);
  const pool = openPool({ url, connections: 3 });
  test.teardown(() => pool.close());
  return { url, pool };
};
const FILES = {
  '0001-hall.sql': 'CREATE TABLE IF NOT EXISTS hall (id INT NOT NULL PRIMARY KEY) ENGINE = InnoDB',
  '0002-hall-name.sql': "ALTER TABLE hall ADD COLUMN name VARCHAR(20) NOT NULL DEFAULT ''",
  '0201-seat.sql': '-- seats; a semicolon in a comment\nCREATE TABLE IF NOT EXISTS seat (id INT NOT NULL PRIMARY KEY) ENGINE = InnoDB;\n',
};

t.test('the project’s own files make a schema that apps accept', async (t) => {
  const { url, pool } = await setUp(t);
  t.match(await refusalOf(checkSchema(pool)), { name: 'MigrationRefused', message: /older/ });
  const files = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith('.sql')).map((name) => name.slice(0, -4)).sort();
  t.same(await migrate(url), files);
  await checkSchema(pool);
  t.same(await migrate(url), [], 'a second run has nothing to do');
});

t.test('every file of the project may be run again', async (t) => {
  const { url, pool } = await setUp(t);
  await migrate(url);
  const COLUMNS = 'SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2';
  const tables = async (): Promise<unknown> => (await pool.query(COLUMNS))[0];
  const before = await tables();
  await pool.query('UPDATE schema_migration SET finished_at = NULL');
  await migrate(url);
  t.same(await tables(), before);
  await checkSchema(pool);
});

t.test('two migrators at once: each file runs once', async (t) => {
  const { url, pool } = await setUp(t);
  const folder = t.testdir(FILES);
  const ran = await Promise.all([migrate(url, { folder }), migrate(url, { folder }), migrate(url, { folder })]);
  t.same(ran.flat().sort(), ['0001-hall', '0002-hall-name', '0201-seat']);
  await checkSchema(pool, { folder });
});

t.test('a migrator that finds the lock taken gives up after its wait', async (t) => {
  const { url, pool } = await setUp(t);
  const folder = t.testdir(FILES);
  const names: string[] = [];
  await migrate(url, { folder });
  const holder = await pool.acquire();
  await holder.query('SELECT GET_LOCK(?, 0)', [lockOf(url)]);
  t.match(await refusalOf(migrate(url, { folder, lockWaitS: 0, log: (line) => names.push(line) })), { message: /lock/ });
  t.same(names, []);
  holder.release();
});

t.test('a changed file is refused before anything runs', async (t) => {
  const { url, pool } = await setUp(t);
  const folder = t.testdir(FILES);
  await migrate(url, { folder });
  await writeFile(`${folder}/0002-hall-name.sql`, 'ALTER TABLE hall ADD COLUMN name VARCHAR(40)');
  await writeFile(`${folder}/0001-hall.sql`, FILES['0001-hall.sql'].replaceAll('\n', '\r\n'));
  await writeFile(`${folder}/0003-new.sql`, 'CREATE TABLE novel (id INT PRIMARY KEY)');
  t.match(await refusalOf(migrate(url, { folder })), { name: 'MigrationRefused', message: /0002-hall-name was changed/ });
  t.match(await refusalOf(checkSchema(pool, { folder })), { message: /0002-hall-name/ });
  t.same((await pool.query("SHOW TABLES LIKE 'novel'"))[0], []);
});

t.test('a file that a crash left half run is run again', async (t) => {
  const { url, pool } = await setUp(t);
  const folder = t.testdir(FILES);
  await migrate(url, { folder });
  // The crash: the ALTER took effect, its row did not get its end.
  await pool.query('UPDATE schema_migration SET finished_at = NULL WHERE number = 2');
  t.match(await refusalOf(checkSchema(pool, { folder })), { message: /older/ });
  t.same(await migrate(url, { folder }), ['0002-hall-name']);
  await checkSchema(pool, { folder });
  // Negative control: the same "column is there already" is an error when no crash explains it.
  await pool.query('DELETE FROM schema_migration WHERE number = 2');
  t.match(await refusalOf(migrate(url, { folder })), { errno: 1060 });
});

t.test('a failing file stops the run, and is run again when it is repaired', async (t) => {
  const { url, pool } = await setUp(t);
  const folder = t.testdir({ ...FILES, '0003-broken.sql': 'CREATE TABLE broken (id INT,)' });
  t.match(await refusalOf(migrate(url, { folder })), { errno: 1064 });
  t.same((await pool.query("SHOW TABLES LIKE 'seat'"))[0], [], 'nothing after it ran');
  await writeFile(`${folder}/0003-broken.sql`, 'CREATE TABLE broken (id INT)');
  t.same(await migrate(url, { folder }), ['0003-broken', '0201-seat']);
});

t.test('files below the highest applied number run too', async (t) => {
  const { url } = await setUp(t);
  const folder = t.testdir(FILES);
  await migrate(url, { folder });
  await writeFile(`${folder}/0101-later.sql`, 'CREATE TABLE later (id INT)');
  t.same(await migrate(url, { folder }), ['0101-later']);
});

t.test('a newer schema: expansions are welcome, contractions are refused', async (t) => {
  const { url, pool } = await setUp(t);
  const newer = t.testdir({ ...FILES, '0003-wide.sql': 'CREATE TABLE IF NOT EXISTS wide (id INT)' });
  const older = `${newer}-older`;
  t.teardown(() => rm(older, { recursive: true, force: true }));
  await cp(newer, older, { recursive: true });
  await rm(`${older}/0003-wide.sql`);
  await migrate(url, { folder: newer });
  await checkSchema(pool, { folder: older });
  await writeFile(`${newer}/0004-drop.sql`, '-- phase: contract\nALTER TABLE hall DROP COLUMN name');
  await migrate(url, { folder: newer });
  await checkSchema(pool, { folder: newer });
  const refusal = await refusalOf(checkSchema(pool, { folder: older }));
  t.ok(refusal instanceof MigrationRefused);
  t.match(refusal, { message: /too new .*0004-drop/ });
});

t.test('names of files are checked', async (t) => {
  t.match(await refusalOf(readMigrations(t.testdir({ '12-short.sql': '' }))), { message: /NNNN-name/ });
  t.match(await refusalOf(readMigrations(t.testdir({ '0001-a.sql': '', '0001-b.sql': '' }))), { message: /two migrations/ });
});
