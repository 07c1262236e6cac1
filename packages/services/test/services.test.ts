import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import t from 'tap';
import {
  claimFolder, findMariadb, findRedis, FolderInUse, freePort, missingServers, portIsFree, startMariadb, startNode, startRedis,
} from '../src/index.ts';

const missing = missingServers();

/** True while the process lives; a zombie has ended. */
const lives = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
};

const ENDS_WITHIN_MS = 10_000;
async function allEnd(pids: readonly number[], withinMs = ENDS_WITHIN_MS): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (pids.some(lives) && performance.now() < deadline) await sleep(20);
  return !pids.some(lives);
}

t.test('redis keeps what it acknowledged over kill -9 and restart, on the same port', { skip: missing }, async (t) => {
  const redis = await startRedis({ dir: t.testdir() });
  t.teardown(() => redis.stop());
  const client = new Client(redis.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  t.teardown(() => client.disconnect());
  await client.set('kept', 'yes');
  const { port, pid } = redis;
  await redis.kill();
  t.equal(redis.running, false);
  t.ok(await allEnd([pid]));
  await redis.restart();
  t.equal(redis.port, port);
  t.not(redis.pid, pid);
  t.equal(await client.get('kept'), 'yes');
  const stranger = new Client(redis.port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
  stranger.on('error', () => undefined);
  await t.rejects(stranger.get('kept'), 'without the password nothing is read');
  stranger.disconnect();
});

t.test('redis: a replica by settings', { skip: missing }, async (t) => {
  // What a replica writes anew after its first copy may still be written for a moment when it has stopped.
  const dir = mkdtempSync(join(tmpdir(), 'onsale-replica-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const first = await startRedis({ dir: join(dir, 'first') });
  t.teardown(() => first.stop());
  const second = await startRedis({ dir: join(dir, 'second'), settings: { replicaof: `127.0.0.1 ${first.port}`, masterauth: first.password } });
  t.teardown(() => second.stop());
  const writer = new Client(first.url);
  const reader = new Client(second.url);
  t.teardown(() => {
    writer.disconnect();
    reader.disconnect();
  });
  await writer.set('copied', '1');
  t.equal(await writer.wait(1, 10_000), 1);
  t.equal(await reader.get('copied'), '1');
});

t.test('mariadb keeps committed rows over kill -9, stop and a new start on its folder', { skip: missing }, async (t) => {
  // Deeper than the 107 bytes that the path of a unix socket may have.
  const dir = join(t.testdir(), 'a-folder-with-a-long-name'.repeat(5));
  const mariadb = await startMariadb({ dir });
  t.teardown(() => mariadb.stop());
  const write = await createConnection(mariadb.url);
  await write.query('CREATE TABLE kept (id INT PRIMARY KEY)');
  await write.query('INSERT INTO kept VALUES (1), (2)');
  await write.beginTransaction();
  await write.query('INSERT INTO kept VALUES (3)');
  write.on('error', () => undefined);
  await mariadb.kill();
  write.destroy();
  await mariadb.restart();
  const read = await createConnection(mariadb.url);
  const [rows] = await read.query('SELECT id FROM kept ORDER BY id');
  t.match(rows, [{ id: 1 }, { id: 2 }]);
  t.equal((rows as unknown[]).length, 2, 'what was not committed is gone');
  await read.end();
  await mariadb.stop();
  t.notOk(lives(mariadb.pid));
  const again = await startMariadb({ dir });
  t.teardown(() => again.stop());
  t.equal(again.password, mariadb.password, 'its password is kept beside its data');
  const third = await createConnection(again.url);
  t.match((await third.query('SELECT COUNT(*) AS n FROM kept'))[0], [{ n: 2 }]);
  await third.end();
});

t.test('mariadb: rights, users without password, session settings', { skip: missing }, async (t) => {
  const dir = t.testdir();
  const own = await startMariadb({ dir: join(dir, 'own'), redoMb: 64, bufferPoolMb: 64 });
  t.teardown(() => own.stop());
  const connection = await createConnection(own.url);
  t.teardown(() => connection.end());
  await t.rejects(connection.query('CREATE DATABASE other'), /denied/, 'rights within its schema only');
  const [[settings]] = (await connection.query(
    `SELECT @@tx_isolation AS isolation, @@time_zone AS zone, @@character_set_server AS charset,
            @@innodb_log_file_size AS redo, @@innodb_buffer_pool_size AS pool`,
  )) as unknown as [Record<string, unknown>[]];
  t.match(settings, { isolation: 'READ-COMMITTED', zone: '+00:00', charset: 'utf8mb4', redo: 64 << 20, pool: 64 << 20 });
  for (const user of ['root', '']) {
    await t.rejects(createConnection({ host: '127.0.0.1', port: own.port, user }), `nobody signs in as "${user}" without a password`);
  }
  const all = await startMariadb({ dir: join(dir, 'all'), rights: 'everything' });
  t.teardown(() => all.stop());
  const powerful = await createConnection(all.url);
  await powerful.query('CREATE DATABASE other');
  await powerful.end();
  t.equal(statSync(join(dir, 'own/credentials.json')).mode & 0o777, 0o600);
  const shown = readFileSync(`/proc/${own.pid}/cmdline`, 'utf8');
  t.notOk(shown.includes(own.password) || shown.includes(own.rootPassword), 'no password in the list of processes');
});

t.test('an interrupted making of the data folder is done again', { skip: missing }, async (t) => {
  const dir = t.testdir({ 'mysql.new': { ibdata1: 'half' }, 'credentials.json': '{"password":"old"}' });
  const mariadb = await startMariadb({ dir });
  t.teardown(() => mariadb.stop());
  await (await createConnection(mariadb.url)).end();
  t.notOk(existsSync(join(dir, 'mysql.new')));
});

t.test('a start that fails says why', { skip: missing }, async (t) => {
  await t.rejects(startRedis({ dir: t.testdir(), settings: { maxmemory: 'lots' } }), /redis did not start[^]*maxmemory/);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  t.equal(await portIsFree(port), false);
  await t.rejects(startRedis({ dir: t.testdir(), port }), /redis did not start[^]*Address already in use/);
  await t.rejects(startMariadb({ dir: t.testdir(), port }), /mariadb did not start/);
  t.equal(await portIsFree(await freePort()), true);
});

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  t.test(`a parent ended by ${signal} takes its children along`, { skip: missing }, async (t) => {
    const parent = spawn(process.execPath, [new URL('parent.ts', import.meta.url).pathname, t.testdir()], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const children = Object.values(JSON.parse(line.toString()) as Record<string, number>);
    t.equal(children.length, 3);
    t.ok(children.every(lives));
    parent.kill(signal);
    t.ok(await allEnd(children), 'nothing is left running');
  });
}

t.test('a data folder has one server: the next waits for the last, or is refused', async (t) => {
  const dir = t.testdir();
  const holder = spawn('sleep', ['60']);
  t.teardown(() => holder.kill('SIGKILL'));
  const stat = readFileSync(`/proc/${holder.pid}/stat`, 'utf8');
  const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  writeFileSync(join(dir, 'launcher.claim'), `${holder.pid} ${began}\n`);
  await t.rejects(claimFolder(dir, 'launcher', 50), FolderInUse);
  const waiting = claimFolder(dir, 'launcher', ENDS_WITHIN_MS);
  holder.kill('SIGKILL');
  const claim = await waiting;
  t.match(readFileSync(join(dir, 'launcher.claim'), 'utf8'), new RegExp(`^${process.pid} `));
  claim.release();
  t.notOk(existsSync(join(dir, 'launcher.claim')));
  writeFileSync(join(dir, 'launcher.claim'), `${process.ppid} 1\n`);
  (await claimFolder(dir, 'launcher', 0)).release();
  t.pass('a pid that now belongs to somebody else holds nothing');
});

t.test('node apps: messages, an early end, stop', async (t) => {
  const isReady = (message: unknown): message is 'ready' => message === 'ready';
  const app = startNode(new URL('app.ts', import.meta.url).pathname, { name: 'app', env: {} });
  t.equal(await app.message(isReady, ENDS_WITHIN_MS), 'ready');
  await t.rejects(app.message(isReady, 20), /app said nothing/);
  await app.stop();
  t.equal(app.running, false);
  t.notOk(lives(app.pid));
  const dir = t.testdir({ 'ends.js': 'process.exitCode = 3; console.log("bye")' });
  const short = startNode(join(dir, 'ends.js'), { name: 'short', env: {}, logFile: join(dir, 'short.log') });
  await t.rejects(short.message(isReady, ENDS_WITHIN_MS), /short ended before it was ready \(code 3\)/);
  t.equal(readFileSync(join(dir, 'short.log'), 'utf8'), 'bye\n');
});

t.test('a Node app whose parent dies before it listens, or that never does, ends too', async (t) => {
  const dir = t.testdir({
    // The first file holds the loader for a second: `disconnect` comes long before the app could listen to it.
    'slow.mjs': 'import "./block.mjs"; process.on("disconnect", () => process.exit(0)); setInterval(() => 1, 1000);',
    'block.mjs': 'await new Promise((done) => setTimeout(done, 1000));',
    'parent.ts': `import { startNode } from '${new URL('../src/index.ts', import.meta.url).pathname}';
      const app = startNode(process.argv[2], { name: 'slow', env: {} });
      process.stdout.write(String(app.pid));
      setInterval(() => 1, 1000);`,
  });
  const parent = spawn(process.execPath, [join(dir, 'parent.ts'), join(dir, 'slow.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  t.ok(lives(Number(pid)));
  parent.kill('SIGKILL');
  t.ok(await allEnd([Number(pid)], 20_000), 'nothing is left running');
});

t.test('where the servers come from', async (t) => {
  const folder = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as 'x64'];
  const loader = { x64: 'ld-linux-x86-64.so.2', arm64: 'ld-linux-aarch64.so.1' }[process.arch as 'x64'];
  const root = t.testdir({ usr: { bin: { 'redis-check-rdb': '' }, sbin: { mariadbd: '' }, share: { mariadb: { 'mariadb_system_tables.sql': '' } } } });
  mkdirSync(join(root, 'lib', folder), { recursive: true });
  writeFileSync(join(root, 'lib', folder, loader), '');
  symlinkSync('redis-check-rdb', join(root, 'usr/bin/redis-server'));
  t.match(findRedis(root), { command: join(root, 'lib', folder, loader), prefix: ['--library-path', String, join(root, 'usr/bin/redis-server')] });
  t.match(findMariadb(root), { base: join(root, 'usr'), sqlFolder: join(root, 'usr/share/mariadb') });
  const installed = existsSync('/usr/sbin/mariadbd') || existsSync('/usr/bin/mariadbd');
  if (!installed) t.throws(() => findMariadb(t.testdir()), { name: 'ServersMissing', message: /DATABASE_URL/ });
});
