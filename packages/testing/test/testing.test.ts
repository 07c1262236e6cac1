import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { openPool } from '@onsale/database';
import {
  countQueries, faultProxy, leakCheck, leftOver, manualClock, openResources, openTestDatabase, openTestRedis, race, raceBarrier, randomOf, seedOf, until,
} from '@onsale/testing';

leakCheck(t);

t.test('a test database is migrated, its own, and gone afterwards', async (t) => {
  let name = '';
  let url = '';
  await t.test('inside', async (t) => {
    const one = await openTestDatabase(t);
    const other = await openTestDatabase(t, { migrated: false });
    ({ name, url } = one);
    t.not(one.name, other.name);
    const [tables] = await one.pool.query('SHOW TABLES');
    t.ok(tables.length > 5, 'migrated');
    const [none] = await other.pool.query('SHOW TABLES');
    t.equal(none.length, 0, 'left bare when asked');
    const pool = openPool({ url: one.url, connections: 1, onQuery: one.queries.onQuery });
    t.equal(await one.queries.during(async () => { await pool.query('SELECT 1'); await pool.query('SELECT 2'); }), 2);
    t.equal(await one.queries.during(async () => undefined), 0);
    t.same(one.queries.texts, ['SELECT 1', 'SELECT 2']);
    await pool.close();
  });
  const server = openPool({ url: new URL(url).href.replace(`/${name}`, '/onsale'), connections: 1 });
  const [left] = await server.query('SHOW DATABASES LIKE ?', [name]);
  t.equal(left.length, 0, 'dropped');
  await server.close();
});

t.test('counting starts anew and keeps a bounded memory of texts', async (t) => {
  const queries = countQueries();
  for (let n = 0; n < 1_200; n += 1) queries.onQuery(`SELECT ${n}`);
  t.equal(queries.total, 1_200);
  t.equal(queries.texts.length, 1_000);
  t.equal(queries.texts[0], 'SELECT 200');
  queries.reset();
  t.equal(queries.total, 0);
});

t.test('a test Redis gives names nobody else has and removes what was written', async (t) => {
  const keys: string[] = [];
  await t.test('inside', async (t) => {
    const own = await openTestRedis(t);
    const [one, other] = [own.newRoom(), own.newRoom()];
    t.not(one, other);
    keys.push(`{room:${one}}:room`, `${own.prefix}note`);
    await own.redis.hset(keys[0] as string, 'phase', 'open');
    await own.redis.set(keys[1] as string, '1');
    t.match(own.connection.runId(), /^[0-9a-f]{40}$/);
  });
  await t.test('outside', async (t) => {
    const { redis } = await openTestRedis(t);
    t.equal(await redis.exists(...keys), 0);
  });
});

t.test('time moves only when the test moves it', async (t) => {
  const clock = manualClock(1_000);
  const woken: string[] = [];
  void clock.sleep(50).then(() => { woken.push('50'); return clock.sleep(20).then(() => woken.push(`70 at ${clock.monotonic()}`)); });
  void clock.sleep(30).then(() => woken.push('30'));
  const abort = new AbortController();
  void clock.sleep(10_000, abort.signal).then(() => woken.push('aborted'));
  await clock.advance(29);
  t.same(woken, []);
  await clock.advance(1);
  t.same(woken, ['30']);
  await clock.advance(100);
  t.same(woken, ['30', '50', '70 at 70'], 'who sleeps again inside the step is woken at its own time');
  t.same([clock.wall(), clock.monotonic(), clock.sleepers], [1_130, 130, 1]);
  abort.abort();
  await clock.advance(0);
  t.same([woken.at(-1), clock.sleepers], ['aborted', 0]);
  clock.setWall(500);
  await clock.advance(5);
  t.same([clock.wall(), clock.monotonic()], [505, 135], 'the wall steps back, monotonic time does not');
  await t.rejects(clock.advance(-1));
});

t.test('a seed comes from the environment, is printed, and replays', async (t) => {
  const printed: string[] = [];
  const context = { comment: (line: unknown) => { printed.push(String(line)); }, teardown: () => undefined };
  const kept = process.env['ONSALE_SEED'];
  t.teardown(() => { if (kept === undefined) delete process.env['ONSALE_SEED']; else process.env['ONSALE_SEED'] = kept; });
  delete process.env['ONSALE_SEED'];
  t.match(seedOf(context), /^([0-9a-f]{12}|no-commit)$/);
  process.env['ONSALE_SEED'] = 'abc';
  t.equal(seedOf(context), 'abc');
  t.match(printed[1], 'ONSALE_SEED=abc');
  const draw = (part: string) => Array.from({ length: 4 }, randomOf(context, part));
  t.same(draw('x'), draw('x'));
  t.notSame(draw('x'), draw('y'));
});

t.test('a barrier opens for all at once, and tells who did not come', async (t) => {
  const order: string[] = [];
  const barrier = raceBarrier(2);
  const party = async (name: string) => { order.push(`${name} waits`); await barrier.arrive(); order.push(`${name} runs`); };
  await Promise.all([party('a'), party('b')]);
  t.same(order, ['a waits', 'b waits', 'a runs', 'b runs']);
  await Promise.all([barrier.arrive(), barrier.arrive()]);
  await t.rejects(raceBarrier(3, 20).arrive(), { message: 'only 1 of 3 came to the barrier' });
  const ends = await race([async () => 1, async () => { throw new Error('lost'); }]);
  t.match(ends, [{ status: 'fulfilled', value: 1 }, { status: 'rejected' }]);
});

/** Answers each piece with itself, after `before`. */
async function echoServer(t: Test, before = ''): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (piece) => socket.write(before + piece.toString())).on('error', () => undefined);
  });
  await new Promise<void>((listening) => { server.listen(0, '127.0.0.1', listening); });
  t.teardown(() => new Promise<void>((closed) => { server.close(() => closed()); for (const socket of sockets) socket.destroy(); }));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Client = { readonly socket: Socket; heard: string; closed: boolean };
async function client(t: Test, port: number): Promise<Client> {
  const self: Client = { socket: connect(port, '127.0.0.1'), heard: '', closed: false };
  self.socket.on('data', (piece) => { self.heard += piece.toString(); }).on('error', () => undefined).on('close', () => { self.closed = true; });
  t.teardown(() => self.socket.destroy());
  await new Promise((connected) => { self.socket.once('connect', connected).once('close', connected); });
  return self;
}

t.test('the fault proxy passes, cuts, refuses, freezes, delays and drops in mid-answer', async (t) => {
  const proxy = await faultProxy(t, await echoServer(t));
  t.equal(proxy.through('redis://user:secret@elsewhere:1/0'), `redis://user:secret@127.0.0.1:${proxy.port}/0`);
  const one = await client(t, proxy.port);
  one.socket.write('hello');
  await until('the echo', () => one.heard === 'hello');
  t.same(proxy.bytes, { toServer: 5, toClient: 5 });
  proxy.cut();
  await until('the cut', () => one.closed);

  proxy.refuse();
  const refused = await client(t, proxy.port);
  await until('the refusal', () => refused.closed);
  proxy.heal();

  const two = await client(t, proxy.port);
  proxy.freeze();
  two.socket.write('frozen');
  await new Promise((over) => { setTimeout(over, 60); });
  t.same([two.heard, two.closed], ['', false], 'nothing passes and nothing closes');
  proxy.thaw();
  await until('the thaw', () => two.heard === 'frozen');

  proxy.delay(40);
  const sentAt = performance.now();
  two.socket.write('-slow');
  await until('the slow echo', () => two.heard === 'frozen-slow');
  t.ok(performance.now() - sentAt >= 79, 'both directions waited');
  proxy.heal();

  proxy.dropAfter(3, 'to-client');
  two.socket.write('-answer');
  await until('the drop', () => two.closed);
  t.equal(two.heard, 'frozen-slow-an', 'three bytes of the answer came, then the line died');
  const three = await client(t, proxy.port);
  proxy.dropAfter(2, 'to-server');
  three.socket.write('lost');
  await until('the drop', () => three.closed);
  t.notMatch(three.heard, 'lost');

  const four = await client(t, proxy.port);
  proxy.moveTo(await echoServer(t, 'other: '));
  await until('the move', () => four.closed);
  const five = await client(t, proxy.port);
  five.socket.write('hello');
  await until('the other server', () => five.heard === 'other: hello');
  five.socket.destroy();
  await until('all gone', () => proxy.connections === 0);
});

t.test('negative control: what is left open is found and named', async (t) => {
  await leftOver(new Map(), 200);
  const before = openResources();
  t.same(await leftOver(before, 100), []);
  const server = createServer();
  await new Promise<void>((listening) => { server.listen(0, '127.0.0.1', listening); });
  const timer = setInterval(() => undefined, 10_000);
  t.same((await leftOver(before, 50)).toSorted(), ['TCPServerWrap × 1', 'Timeout × 1']);
  clearInterval(timer);
  await new Promise<void>((closed) => { server.close(() => closed()); });
  t.same(await leftOver(before, 2_000), []);
});

t.test('negative control: a test file that leaks fails', async (t) => {
  const file = (leaks: boolean) => `
    import t from 'tap'; import { leakCheck } from '@onsale/testing';
    leakCheck(t, 100);
    t.test('leaky', async () => { const timer = setInterval(() => undefined, 1_000); ${leaks ? '' : 'clearInterval(timer);'} });
    setTimeout(() => process.exit(process.exitCode ?? 0), 1_000).unref();
  `;
  const options = { cwd: import.meta.dirname, encoding: 'utf8', timeout: 20_000 } as const;
  const run = (leaks: boolean) => spawnSync(process.execPath, ['--input-type=module', '-e', file(leaks)], options);
  const good = run(false);
  t.equal(good.status, 0, good.stdout);
  const bad = run(true);
  t.not(bad.status, 0);
  t.match(bad.stderr, /left open by the test: Timeout × 1/);
});

t.test('waiting for something ends with its name', async (t) => {
  let looks = 0;
  t.equal(await until('third look', () => (looks += 1) === 3 && 'seen'), 'seen');
  await t.rejects(until('the impossible', () => false, 30), { message: /the impossible/ });
});
