import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INSIDE } from '@onsale/contract';
import { freePort, missingServers, testEngine } from '@onsale/services';
import t from 'tap';
import { leftOver } from '../fresh/machine.ts';
import { keepOperator, keepSecrets, readAddresses, type Addresses } from '../start/data-folder.ts';
import { choosePorts, DEFAULT_PORT } from '../start/ports.ts';
import { supervise, type Pace, type SupervisorEvents } from '../start/supervise.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');
const missing = missingServers();

// Whole starts on a busy machine.
t.setTimeout(240_000);

async function occupy(port: number): Promise<{ close(): void }> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

t.test('ports: what was asked for, or a word about who is in the way; by default the next three in a row', async (t) => {
  const { gateway } = await choosePorts('0', '127.0.0.1');
  t.same(await choosePorts(String(gateway), '127.0.0.1'), { gateway, ops: gateway + 1, sandbox: gateway + 2 });
  const server = await occupy(gateway + 1);
  t.teardown(() => server.close());
  await t.rejects(choosePorts(String(gateway), '127.0.0.1'), new RegExp(`port ${gateway + 1} is taken`));
  const byDefault = await choosePorts('', '127.0.0.1');
  t.ok(byDefault.gateway >= DEFAULT_PORT);
  t.same(byDefault, { gateway: byDefault.gateway, ops: byDefault.gateway + 1, sandbox: byDefault.gateway + 2 });
  for (const wrong of ['http', '-1', '70000', '3000.5']) await t.rejects(choosePorts(wrong, '127.0.0.1'), /PORT must be/, wrong);
  const neighbour = await occupy(byDefault.gateway + 1).catch(() => undefined);
  if (neighbour) {
    t.equal((await choosePorts(undefined, '127.0.0.1')).gateway, byDefault.gateway + 2, 'the whole row moves past the one that is taken');
    neighbour.close();
  }
});

t.test('secrets and the operator are made once, for their owner only', async (t) => {
  const folder = t.testdir();
  const path = await keepSecrets(folder);
  const first = readFileSync(path, 'utf8');
  t.equal(statSync(path).mode & 0o777, 0o600);
  await keepSecrets(folder);
  t.equal(readFileSync(path, 'utf8'), first);
  const operator = keepOperator(folder, 'http://127.0.0.1:1');
  t.match(keepOperator(folder, 'http://127.0.0.1:2'), { url: 'http://127.0.0.1:2', password: operator.password });
  t.equal(statSync(join(folder, 'operator.json')).mode & 0o777, 0o600);
});

t.test('a unit that dies is started again, each time later; one that keeps dying is told once a minute and never given up', async (t) => {
  const said: string[] = [];
  let now = 0;
  const told: number[] = [];
  const events: SupervisorEvents = {
    died: (_name, how, againInMs) => void said.push(`${how} ${againInMs}`),
    started: (_name, pid) => void said.push(`started ${pid}`),
    keepsDying: () => void told.push(now),
  };
  const pace: Pace = { clock: () => now, sleep: async (ms) => void (now += ms) };
  // Lives of a unit, in milliseconds: two short ones, a long one after which patience begins anew, then nothing but short ones.
  const lives = [5, 5, 30_000];
  let pid = 0;
  const ended = async (): Promise<string> => {
    now += lives.shift() ?? 1;
    return pid < 60 ? 'died' : new Promise(() => undefined);
  };
  supervise({ name: 'unit', start: async () => (pid += 1), ended, stop: async () => undefined }, events, pace);
  while (pid < 60) await sleep(1);
  const waits = said.filter((line) => line.startsWith('died')).map((line) => Number(line.split(' ')[1]));
  t.same(waits.slice(0, 9), [100, 200, 100, 200, 400, 800, 1600, 3200, 5000], 'twice as long each time, up to 5 s');
  t.ok(waits.slice(9).every((wait) => wait === 5_000), 'and no longer');
  t.same(said.slice(0, 4), ['died 100', 'started 1', 'died 200', 'started 2']);
  t.ok(told.length >= 3 && told.length <= 1 + now / 60_000, `a person hears of it ${told.length} times in ${Math.round(now / 1_000)} s`);
});

t.test('a unit that is stopped is not started again; one whose start fails is tried again', async (t) => {
  const end = Promise.withResolvers<string>();
  const events: SupervisorEvents = { died: () => t.fail('its end was wanted'), started: () => undefined, keepsDying: () => undefined };
  let starts = 0;
  const calm = supervise({ name: 'calm', start: async () => (starts += 1), ended: () => end.promise, stop: async () => end.resolve('stopped') }, events);
  await calm.stop();
  t.equal(starts, 0);

  const second = Promise.withResolvers<string>();
  const lives = [Promise.resolve('died'), Promise.resolve('not started'), second.promise];
  const started = Promise.withResolvers<number>();
  let attempts = 0;
  const start = async (): Promise<number> => {
    attempts += 1;
    if (attempts === 1) throw new Error('no memory');
    return 7;
  };
  const pace: Pace = { clock: () => 0, sleep: async () => undefined };
  const stubborn = supervise(
    { name: 'stubborn', start, ended: () => lives.shift() as Promise<string>, stop: async () => second.resolve('stopped') },
    { died: () => undefined, started: (_name, pid) => started.resolve(pid), keepsDying: () => undefined },
    pace,
  );
  t.equal(await started.promise, 7);
  t.equal(attempts, 2);
  await stubborn.stop();
});

/** `node scripts/start.ts` with its own data folder and no server of ours. */
function launch(folder: string, port: string): { child: ChildProcess; output(): string; ready(): Promise<void>; ended: Promise<number | string> } {
  const { REDIS_URL: _redis, DATABASE_URL: _database, npm_lifecycle_event: _npm, ...env } = process.env;
  const child = spawn(process.execPath, ['scripts/start.ts', '--database', testEngine()], {
    cwd: CHECKOUT,
    env: { ...env, ONSALE_DATA: folder, PORT: port, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (text += bytes.toString()));
  const ended = new Promise<number | string>((done) => child.once('close', (code, signal) => done(code ?? signal ?? '')));
  const ready = async (): Promise<void> => {
    let over = false;
    void ended.then(() => (over = true));
    while (!text.includes('Ready in')) {
      if (over) throw new Error(`the launcher ended:\n${text}`);
      await sleep(20);
    }
  };
  return { child, output: () => text, ready, ended };
}

const APPS_GONE_MS = 12_000;
const GONE_MS = 20_000;

t.test('the whole system: ready, one a folder, a killed app comes back, Ctrl-C and kill -9 leave nothing', { skip: missing }, async (t) => {
  const folder = t.testdir();
  const addresses = (): Addresses => readAddresses(folder) as Addresses;
  const first = launch(folder, '0');
  t.teardown(() => first.child.kill('SIGKILL'));
  await first.ready();
  const { gateway, internal, ops, processes } = addresses();
  t.match(first.output(), new RegExp(`fans +http://localhost:${new URL(gateway).port}`));
  t.ok(processes[testEngine()], 'on the database that was asked for');
  t.equal((await fetch(`${internal['web']}${INSIDE.ready}`)).status, 200);
  t.match(await (await fetch(`${gateway}/rooms/demo`)).text(), /<html/i, 'the queue page');
  const { name, password } = JSON.parse(readFileSync(join(folder, 'operator.json'), 'utf8')) as { name: string; password: string };
  const signIn = await fetch(`${ops}/api/ops/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  t.ok(signIn.ok, 'the printed sign-in works');

  const second = launch(folder, '0');
  t.equal(await second.ended, 1);
  t.match(second.output(), new RegExp(`already running .*${new URL(gateway).host}`));

  process.kill(processes['admission'] as number, 'SIGKILL');
  const isReady = async (): Promise<boolean> => (await fetch(`${internal['web']}${INSIDE.ready}`)).status === 200;
  while (addresses().processes['admission'] === processes['admission'] || !(await isReady())) await sleep(50);
  t.match(first.output(), /admission died \(SIGKILL\)/);

  first.child.kill('SIGINT');
  t.equal(await first.ended, 0);
  t.same(await leftOver(folder, 0), [], 'servers have ended when the launcher has');
  t.notOk(existsSync(join(folder, 'addresses.json')));

  const third = launch(folder, String(await freePort()));
  await third.ready();
  const again = addresses();
  third.child.kill('SIGKILL');
  t.same(await leftOver(folder, GONE_MS), []);
  const living = (): [string, number][] =>
    Object.entries(again.processes).filter(([, pid]) => existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  // An app may take ten seconds for a clean stop whose servers are gone already.
  for (let waited = 0; waited < APPS_GONE_MS && living().length > 0; waited += 50) await sleep(50);
  t.same(living(), [], 'nor any app');

  const fourth = launch(folder, '0');
  await fourth.ready();
  fourth.child.kill('SIGTERM');
  t.equal(await fourth.ended, 0, 'after a kill it starts as ever');
});
