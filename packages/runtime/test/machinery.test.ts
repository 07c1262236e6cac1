import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ProblemError } from '@onsale/contract';
import { gather, startLoop, watchPressure, seldom } from '@onsale/runtime';
import { openWakeQueue, startWakeWorker } from '@onsale/runtime/jobs';

const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const soon = (ms = 5) => new Promise<void>((over) => { setTimeout(over, ms); });
async function until(happened: () => boolean, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!happened()) {
    if (performance.now() > deadline) throw new Error('did not happen in time');
    await soon();
  }
}

t.test('calls of one turn are one batch, each caller gets its own answer', async (t) => {
  const batches: number[][] = [];
  const double = gather<number, number>({ batch: async (items) => { batches.push([...items]); return items.map((item) => item * 2); } });
  t.same(await Promise.all([1, 2, 3].map(double)), [2, 4, 6]);
  t.equal(await double(4), 8);
  t.same(batches, [[1, 2, 3], [4]]);
  const many = await Promise.all(Array.from({ length: 600 }, (_, n) => double(n)));
  t.same(many, Array.from({ length: 600 }, (_, n) => n * 2));
  t.same(batches.slice(2).map((batch) => batch.length), [256, 256, 88], 'a batch has its limit');
  t.same(double.gauges(), { pending: 0, inFlight: 0, batches: 5 });
});

t.test('while batches are out the next ones gather; past the bound callers are refused at once', async (t) => {
  const release: Array<() => void> = [];
  const sizes: number[] = [];
  const slow = gather<number, number>({
    inFlightMax: 1, pendingMax: 5, batch: (items) => { sizes.push(items.length); return new Promise((done) => { release.push(() => done(items)); }); },
  });
  const first = slow(1);
  await until(() => sizes.length === 1);
  const others = [2, 3, 4, 5].map(slow);
  await t.rejects(slow(6), ProblemError);
  await soon(20);
  t.same(sizes, [1], 'nothing goes out beside the batch in flight');
  release[0]?.();
  t.equal(await first, 1);
  await until(() => sizes.length === 2);
  t.same(sizes, [1, 4], 'what had gathered goes out together');
  release[1]?.();
  t.same(await Promise.all(others), [2, 3, 4, 5]);
  const again = slow(7);
  await until(() => release.length === 3);
  release[2]?.();
  t.equal(await again, 7, 'the bound is free again');
});

t.test('a batch that throws, or answers too little, fails its callers and nobody else', async (t) => {
  let turn = 0;
  const odd = gather<number, number>({
    batch: async (items) => {
      turn += 1;
      if (turn === 1) throw new Error('away');
      return turn === 2 ? [] : items;
    },
  });
  t.same((await Promise.allSettled([1, 2].map(odd))).map(({ status }) => status), ['rejected', 'rejected']);
  await t.rejects(odd(3), { message: 'a batch of 1 got 0 answers' });
  t.equal(await odd(4), 4);
  t.equal(odd.gauges().pending, 0);
});

t.test('a loop never runs twice at once, can be kicked, and ends its run before it stops', async (t) => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const loop = startLoop({
    name: 'test', everyMs: 1, onError: (error) => { throw error; },
    run: async () => { running += 1; most = Math.max(most, running); await soon(8); running -= 1; runs += 1; },
  });
  await until(() => runs >= 4);
  await loop.stop();
  t.equal(most, 1);
  t.equal(running, 0, 'the run in progress was let finish');
  const stoppedAt = runs;
  await soon(30);
  t.equal(runs, stoppedAt);
  let kicks = 0;
  const idle = startLoop({ name: 'idle', everyMs: 60_000, onError: () => undefined, run: async () => { kicks += 1; } });
  await until(() => kicks === 1);
  idle.kick();
  await until(() => kicks === 2);
  await idle.stop();
});

t.test('a loop that fails backs off, says so, and recovers', async (t) => {
  let failing = true;
  let clock = 0;
  const errors: string[] = [];
  let runs = 0;
  const loop = startLoop({
    name: 'shaky', everyMs: 1, backoffMaxMs: 5, staleAfterMs: 1_000, clock: () => clock, random: () => 0,
    run: async () => { runs += 1; if (failing) throw new Error('no database'); },
    onError: (error, name) => { errors.push(`${name}: ${(error as Error).message}`); },
  });
  await until(() => errors.length >= 3);
  t.ok(loop.health().healthy, 'not yet stale');
  clock = 2_000;
  t.match(loop.health(), { healthy: false, name: 'shaky' });
  t.ok(loop.health().failuresInARow >= 3);
  failing = false;
  await until(() => loop.health().failuresInARow === 0);
  t.match(loop.health(), { healthy: true });
  t.equal(errors[0], 'shaky: no database');
  await loop.stop();
  t.ok(loop.health().runs === runs);
});

t.test('a stopped loop tells its run by the signal, and an error after that is not one', async (t) => {
  const errors: unknown[] = [];
  let started = false;
  const loop = startLoop({
    name: 'long', everyMs: 1, onError: (error) => { errors.push(error); },
    run: (signal) => new Promise((_, fail) => { started = true; signal.addEventListener('abort', () => fail(new Error('aborted'))); }),
  });
  await until(() => started);
  await loop.stop();
  t.same(errors, []);
});

t.test('pressure rises with requests and with a blocked event loop, and falls again', async (t) => {
  const pressure = watchPressure({ inFlightMax: 4, loopDelayMaxMs: 100 });
  t.teardown(() => pressure.stop());
  t.notOk(pressure.isPast('read'));
  for (let request = 0; request < 2; request += 1) pressure.enter();
  t.same([pressure.isPast('read'), pressure.isPast('normal'), pressure.isPast('high')], [true, true, false], 'it would be three of four');
  for (let request = 0; request < 2; request += 1) pressure.leave();
  await soon(60);
  const until_ = performance.now() + 300;
  while (performance.now() < until_);
  await soon(10);
  t.ok(pressure.isPast('carried'), `a turn of 300 ms counts: ${pressure.loopDelayMs}`);
  t.notOk(pressure.isPast('money'), 'but not for who confirms a payment');
  await until(() => !pressure.isPast('read'));
});

t.test('a wake-up is an id: once while it waits, delayed when asked, gone when done or failed', async (t) => {
  const place = { redisUrl: REDIS_URL, queue: `test-${randomBytes(5).toString('hex')}`, prefix: `test:${randomBytes(5).toString('hex')}` };
  const errors: unknown[] = [];
  const queue = openWakeQueue(place, (error) => { errors.push(error); });
  await queue.wake('row:1');
  await queue.wake('row:1');
  await queue.wakeAll(['7', 'row:2', 'row:1']);
  t.equal(await queue.waiting(), 3);
  await queue.wake('later', 50);
  const handled: string[] = [];
  const worker = startWakeWorker({
    ...place, onError: (error) => { errors.push((error as Error).message); },
    handle: async (id) => { handled.push(id); if (id === 'row:2') throw new Error('not today'); },
  });
  await until(() => handled.length === 4);
  t.same(handled.toSorted(), ['7', 'later', 'row:1', 'row:2']);
  await until(() => errors.length === 1);
  t.same(errors, ['not today']);
  await queue.wake('row:1');
  await until(() => handled.length === 5, 5_000);
  t.equal(await queue.waiting(), 0, 'nothing is kept');
  await worker.close();
  await queue.obliterate();
  await queue.close();
});

t.test('a queue and its worker close while Redis is away, before they reached it and after they lost it', async (t) => {
  const { hostname, port } = new URL(REDIS_URL);
  const sockets = new Set<Socket>();
  const line = createServer((client) => {
    const server = connect(Number(port || 6379), hostname);
    for (const socket of [client, server]) sockets.add(socket.on('error', () => undefined));
    client.pipe(server).pipe(client);
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => { line.once('listening', listening); });
  t.teardown(() => { for (const socket of sockets) socket.destroy(); line.close(); });
  const through = new URL(REDIS_URL);
  through.host = `127.0.0.1:${(line.address() as { port: number }).port}`;
  const address = through.href;
  const prefix = `test:${randomBytes(5).toString('hex')}`;
  for (const redisUrl of [address, 'redis://127.0.0.1:1']) {
    const place = { redisUrl, queue: 'away', prefix };
    const queue = openWakeQueue(place, () => undefined);
    const handled: string[] = [];
    const worker = startWakeWorker({ ...place, handle: async (id) => { handled.push(id); }, onError: () => undefined });
    if (redisUrl === address) {
      await queue.wake('1');
      await until(() => handled.length === 1);
      await queue.obliterate();
      line.close();
      for (const socket of sockets) socket.destroy();
    }
    await soon(300);
    const late = Promise.race([Promise.all([worker.close(), queue.close()]).then(() => 'closed'), soon(9_000).then(() => 'still waiting')]);
    t.equal(await late, 'closed', redisUrl === address ? 'lost' : 'never reached');
  }
});

t.test('the same trouble is told once in five seconds, each by its name', (t) => {
  let nowMs = 0;
  const told: string[] = [];
  const tell = seldom(() => nowMs, (error: string, name: string) => void told.push(`${name} ${error}`), (_error, name) => name);
  for (const at of [0, 1, 4_999, 5_000, 9_999]) {
    nowMs = at;
    tell(String(at), 'one');
    if (at === 1) tell(String(at), 'other');
  }
  t.same(told, ['one 0', 'other 1', 'one 5000']);
  t.end();
});

type Child = { readonly process: ChildProcess; readonly messages: unknown[]; output: string; readonly ended: Promise<number | null> };
function startProgram(t: Test, body: string): Child {
  const path = join(t.testdir({}), 'app.ts');
  const runtime = new URL('../src/index.ts', import.meta.url).href;
  writeFileSync(path, `import { createLogger, runApp } from '${runtime}';\nconst logger = createLogger({ name: 'x' });\n${body}`);
  const child = fork(path, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const self: Child = { process: child, messages: [], output: '', ended: new Promise((done) => { child.on('exit', done); }) };
  child.on('message', (message) => self.messages.push(message));
  child.stdout?.on('data', (text) => { self.output += text; });
  child.stderr?.on('data', (text) => { self.output += text; });
  t.teardown(() => { child.kill('SIGKILL'); });
  return self;
}
const RUNNING = `await runApp({ name: 'x', logger, stopMs: 1_000, start: async ({ onStop }) => {
  const timer = setInterval(() => undefined, 1_000);
  onStop('first', async () => { logger.info('closed first'); clearInterval(timer); });
  onStop('broken', async () => { throw new Error('will not close'); });
  onStop('last', () => logger.info('closed last'));
  EXTRA
  return { public: 'http://127.0.0.1:1' };
} });`;

t.test('a process says when it is ready and closes everything in reverse order', async (t) => {
  for (const end of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    await t.test(end, async (t) => {
      const child = startProgram(t, RUNNING.replace('EXTRA', ''));
      await until(() => child.messages.length === 1);
      t.same(child.messages[0], { type: 'ready', name: 'x', urls: { public: 'http://127.0.0.1:1' } });
      if (end === 'disconnect') child.process.disconnect();
      else child.process.kill(end);
      t.equal(await child.ended, 0);
      t.match(child.output, /closed last[^]*could not close[^]*closed first/);
    });
  }
});

t.test('a process whose bug nobody caught, or that cannot start, or cannot stop, ends with a code and a line', async (t) => {
  const cases: Array<[string, string, RegExp, number]> = [
    ['uncaught', 'setTimeout(() => { throw new Error("a bug"); }, 10);', /a bug nobody caught[^]*closed first/, 1],
    ['unhandled', 'setTimeout(() => { Promise.reject(new Error("forgotten")); }, 10);', /a promise nobody awaited[^]*closed first/, 1],
    ['cannot start', 'throw new Error("no port");', /could not start[^]*closed first/, 1],
    ['hangs', 'onStop("hang", () => new Promise(() => undefined)); setTimeout(() => process.kill(process.pid, "SIGTERM"), 10);', /stopping took too long/, 1],
  ];
  await Promise.all(cases.map(([name, extra, words, code]) => t.test(name, async (t) => {
    const child = startProgram(t, RUNNING.replace('EXTRA', extra));
    t.equal(await child.ended, code);
    t.match(child.output, words);
  })));
});
