import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode, startDatabase, testEngine } from '@onsale/services';
import { faultProxy, until } from '@onsale/testing';
import t, { type Test } from 'tap';
import {
  DatabaseAway, DatabaseBusy, ERROR_CLASSES, inTransaction, isUnavailable, openPool, SqlFailure, type ErrorClass, type Pool, type PoolConfig,
} from '../src/index.ts';

/*
 * A real server that cannot: read-only, full, of another password, killed from outside; and a process that was frozen with locks. None of it
 * is a mistake in a statement. On a server of the file's own: it is turned off and filled up.
 */
const DISK_MB = 24;
const RC = { isolation: 'read committed' } as const;
const folder = mkdtempSync(join(tmpdir(), 'onsale-unable-'));
const disk = join(folder, 'disk');
mkdirSync(disk);
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk]).status === 0;
t.setTimeout(200_000);
t.teardown(() => {
  if (isMounted) spawnSync('umount', ['-l', disk]);
  rmSync(folder, { recursive: true, force: true });
});
// Only one table lies on the small disk: a server whose log is full ends itself, and that is `killed`.
const settings = [`loose-innodb-directories=${disk}`];
const server = await startDatabase({ dir: join(folder, 'data'), rights: 'everything', settings }, testEngine());
t.teardown(() => server.kill());
const admin = openPool({ url: server.url, connections: 2 });
t.teardown(() => admin.close());

// Our apps' users may not write on a read-only server; an administrator may.
await admin.query('CREATE DATABASE apps');
await admin.query("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'first'");
await admin.query("GRANT ALL ON apps.* TO app@'127.0.0.1'");
await admin.query('CREATE TABLE apps.ledger (id INT NOT NULL PRIMARY KEY, text LONGTEXT NOT NULL)');
await admin.query("INSERT INTO apps.ledger VALUES (1, ''), (2, '')");
const urlOf = (password: string): string => `mysql://app:${password}@127.0.0.1:${server.port}/apps`;
const poolOf = (test: Pick<Test, 'teardown'>, config: Partial<PoolConfig> = {}): Pool => {
  const pool = openPool({ url: urlOf('first'), connections: 2, ...config });
  test.teardown(() => pool.close());
  return pool;
};
const refusalOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => new Error('was not refused'), (error: unknown) => error);
const idOf = async (pool: Pool): Promise<number> => Number((await pool.query('SELECT CONNECTION_ID() AS id'))[0][0]?.['id']);
const write = (pool: Pool): Promise<unknown> => pool.query("UPDATE ledger SET text = 'x' WHERE id = 2");

// It locks, and is frozen at once: its time runs while everything else is tried.
const holder = startNode(join(import.meta.dirname, 'hold-lock.ts'), { name: 'holder', env: { PATH: process.env['PATH'] }, args: [urlOf('first')] });
t.teardown(async () => {
  process.kill(holder.pid, 'SIGCONT');
  await holder.kill();
});
await holder.message((message): message is 'locked' => message === 'locked', 30_000);
process.kill(holder.pid, 'SIGSTOP');
const frozenAt = performance.now();

t.test('every number of the table is of its class when the server sends it', async (t) => {
  const pool = poolOf(t);
  const is: Record<ErrorClass, (error: unknown) => boolean> = {
    again: (error) => error instanceof SqlFailure && isUnavailable(error),
    away: (error) => error instanceof DatabaseAway,
    full: (error) => error instanceof DatabaseBusy && error.reason === 'server-full',
    ended: (error) => error instanceof DatabaseBusy && error.reason === 'statement-ended',
    duplicate: (error) => error instanceof SqlFailure && !isUnavailable(error),
    check: (error) => error instanceof SqlFailure && !isUnavailable(error),
  };
  for (const kind of Object.keys(ERROR_CLASSES) as ErrorClass[]) {
    for (const [errno, what] of Object.entries(ERROR_CLASSES[kind])) {
      const connection = await idOf(pool);
      const error = await refusalOf(pool.query(`SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = ${errno}, MESSAGE_TEXT = 'made'`));
      t.ok(is[kind](error), `${errno} (${what}): ${String(error)}`);
      if (kind === 'away') t.not(await idOf(pool), connection, 'its connection is closed');
    }
  }
  const mistake = await refusalOf(pool.query('SELECT no_such_column FROM ledger'));
  t.ok(mistake instanceof SqlFailure && !isUnavailable(mistake), 'negative control: a mistake of ours stays one');
});

t.test('a read-only server: writes cannot now, reads go on, and nothing is left of it afterwards', async (t) => {
  const pool = poolOf(t, { connections: 1 });
  await write(pool);
  await admin.query('SET GLOBAL read_only = 1');
  t.teardown(() => admin.query('SET GLOBAL read_only = 0'));
  const before = await idOf(pool);
  const refused = await refusalOf(write(pool));
  t.ok(refused instanceof DatabaseAway && isUnavailable(refused), String(refused));
  t.ok(await refusalOf(inTransaction(pool, RC, (tx) => tx.query("INSERT INTO ledger VALUES (9, '')"))) instanceof DatabaseAway);
  const after = await idOf(pool);
  t.not(after, before, 'the connection was closed: another one may lead to another server');
  t.equal((await pool.query('SELECT id FROM ledger WHERE id = 2'))[0].length, 1, 'what only reads goes on');
  await until('a connection that only reads is replaced too', async () => (await idOf(pool)) !== after, 20_000);
  await admin.query('SET GLOBAL read_only = 0');
  await write(pool);
});

t.test('demoted under us, another server behind the address: what only reads moves on as well', async (t) => {
  const address = await faultProxy(t, `127.0.0.1:${server.port}`);
  const closed = await faultProxy(t, '127.0.0.1:1');
  const pool = poolOf(t, { url: address.through(urlOf('first')), connections: 1 });
  const before = await idOf(pool);
  // Who connects now would reach nobody: the old connection is all there is.
  address.leadTo(`127.0.0.1:${closed.port}`);
  t.equal(await idOf(pool), before);
  await admin.query('SET GLOBAL read_only = 1');
  t.teardown(() => admin.query('SET GLOBAL read_only = 0'));
  await until('the demoted server is not read from any more', async () => (await refusalOf(idOf(pool))) instanceof DatabaseAway, 20_000);
  await admin.query('SET GLOBAL read_only = 0');
  address.leadTo(`127.0.0.1:${server.port}`);
  await write(pool);
});

t.test('killed from outside, and another password', async (t) => {
  const pool = poolOf(t, { connections: 1 });
  const id = await idOf(pool);
  const sleeping = refusalOf(inTransaction(pool, RC, (tx) => tx.query('SELECT SLEEP(8) FROM ledger WHERE id = 2 FOR UPDATE')));
  const isAsleep = async (): Promise<boolean> => {
    const [rows] = await admin.query("SELECT 1 FROM information_schema.processlist WHERE id = ? AND info LIKE 'SELECT SLEEP%'", [id]);
    return rows.length > 0;
  };
  await until('it sleeps', isAsleep);
  await admin.query(`KILL ${id}`);
  t.ok(isUnavailable(await sleeping));
  await write(pool);

  await admin.query("ALTER USER app@'127.0.0.1' IDENTIFIED BY 'second'");
  await admin.query(`KILL ${await idOf(pool)}`);
  t.ok(await refusalOf(until('refused', async () => { await write(pool); return false; })) instanceof DatabaseAway, 'another password: cannot now');
  await admin.query("ALTER USER app@'127.0.0.1' IDENTIFIED BY 'first'");
  await write(pool);
});

t.test('a full disk: writes cannot now, and go on when there is room', { skip: isMounted ? false : 'only root may mount a small disk' }, async (t) => {
  const pool = poolOf(t);
  const columns = 'reel INT NOT NULL, id INT NOT NULL, text VARCHAR(4000) NOT NULL, PRIMARY KEY (reel, id)';
  await admin.query(`CREATE TABLE apps.film (${columns}) DATA DIRECTORY = '${disk}'`);
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc((DISK_MB / 2) * 2 ** 20));
  // Rows that fit into a page: with longer ones MariaDB 10.11 ends itself.
  const rowsOf = (reel: number): [number, number, string][] => Array.from({ length: 250 }, (_, id) => [reel, id, 'x'.repeat(4_000)]);
  const insert = (reel: number): Promise<unknown> => inTransaction(pool, RC, (tx) => tx.query('INSERT INTO film VALUES ?', [rowsOf(reel)]));
  let told: unknown;
  let reel = 0;
  for (; reel < DISK_MB && told === undefined; reel += 1) told = await insert(reel).then(() => undefined, (error: unknown) => error);
  t.ok(told instanceof DatabaseBusy && told.reason === 'server-full', `after ${reel} MB: ${String(told)}`);
  t.ok((await pool.query('SELECT DISTINCT reel FROM film'))[0].length >= reel - 1, 'what only reads goes on');
  rmSync(filler);
  await until('writes go on', () => insert(reel).then(() => true, () => false), 30_000);
});

t.test('what a frozen process has locked is free within seconds, not after 8 hours', async (t) => {
  const pool = poolOf(t);
  const free = async (): Promise<boolean> => (await pool.query('SELECT id FROM ledger WHERE id = 1 FOR UPDATE SKIP LOCKED'))[0].length === 1;
  await until('the row is free', free, 40_000);
  const seconds = (performance.now() - frozenAt) / 1_000;
  t.ok(seconds < 60, `after ${seconds.toFixed(1)} s`);
  const [[told]] = await pool.query('SELECT @@wait_timeout AS seconds');
  t.equal(told?.['seconds'], 15, 'the server ends a silent connection');
});
