import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { API_PREFIX, INSIDE, type PlaceReply } from '@onsale/contract';
import { missingServers, testEngine } from '@onsale/services';
import { until } from '@onsale/testing';
import t from 'tap';
import { WebSocket } from 'ws';
import { readAddresses, type Addresses } from '../start/data-folder.ts';
import { choosePorts } from '../start/ports.ts';
import { openSystem } from '../start/system.ts';

/*
 * Ten dying requests in a row on one listener of each app, two on its other one, and ten kills in a row, half of the apps at once, so that the other
 * half is what must not notice: no other app and no store ends, and a fan in line keeps the place, with the socket opened again at most.
 */
const DEATHS = 10;
const DEATHS_ON_THE_OTHER = 2;
const HALVES = [['admission', 'ops', 'web'], ['booking', 'sandbox', 'worker']] as const;
const APPS: readonly string[] = HALVES.flat();
const STORES = [testEngine(), 'redis'];
/** The apps that a fan's socket passes. */
const ON_THE_WAY: readonly string[] = ['admission', 'web'];
const BACK_MS = 60_000;
/** The real pace reaches 5 s a start, which start.test.ts looks at. */
const PACE_MS_MAX = 20;
const RECONNECT_MS = 100;
const missing = missingServers();

t.setTimeout(280_000);

t.test('an app that keeps dying, by requests or by kills, takes nobody with it', { skip: missing, timeout: 270_000 }, async (t) => {
  const dataFolder = t.testdir({ logs: {} });
  const { PATH = '', HOME = '' } = process.env;
  const environment = { PATH, HOME, LOG_LEVEL: 'warn', NODE_OPTIONS: `--import=${join(import.meta.dirname, 'dies-on-request.mjs')}` };
  const [host, said] = ['127.0.0.1', [] as string[]];
  const sleep = (ms: number): Promise<void> => new Promise((over) => { setTimeout(over, Math.min(ms, PACE_MS_MAX)); });
  const system = openSystem({
    environment, dataFolder, database: testEngine(), host,
    ports: await choosePorts('0', host), say: (line) => said.push(line), onHopeless: (why) => t.fail(why),
    pace: { sleep, clock: () => performance.now() },
  });
  t.teardown(() => system.stop());
  await system.start();
  const addresses = (): Addresses => readAddresses(dataFolder) as Addresses;
  const { gateway, internal, processes: first } = addresses();
  const pidOf = (name: string): number => addresses().processes[name] as number;
  const listening = readFileSync(join(dataFolder, 'listeners'), 'utf8').trim().split('\n');
  const listeners = new Map(listening.map((line) => line.split(' ').reverse() as [string, string]));
  t.same([...new Set(listeners.values())].sort(), [...APPS].sort(), 'every app listens somewhere');
  const fan = await fanInLine(gateway);
  t.teardown(() => fan.leave());

  const die = async (name: string, how: (pid: number) => Promise<void> | void, deaths = DEATHS): Promise<void> => {
    for (let n = 0; n < deaths; n += 1) {
      const pid = pidOf(name);
      await until(`${name} dies and runs again`, async () => {
        if (pidOf(name) === pid) await how(pid);
        return pidOf(name) !== pid;
      }, BACK_MS);
    }
  };
  const since = performance.now();
  for (const half of HALVES) {
    const [before, heard, closes] = [addresses().processes, said.length, fan.closes()];
    await Promise.all(half.map(async (name) => {
      const ports = [...listeners].flatMap(([port, owner]) => (owner === name ? [Number(port)] : []));
      for (const [n, port] of ports.entries()) await die(name, () => dyingRequest(port), n === 0 ? DEATHS : DEATHS_ON_THE_OTHER);
      await die(name, (pid) => kill(pid));
    }));
    await until('all are ready again', async () => (await fetch(`${internal['web']}${INSIDE.ready}`).catch(() => undefined))?.ok, BACK_MS);
    const others = [...APPS.filter((name) => !(half as readonly string[]).includes(name)), ...STORES];
    const died = new Set(said.slice(heard).flatMap((line) => /^(\w+) died/.exec(line)?.[1] ?? []));
    t.same([...died].sort(), [...half], 'nobody else died');
    for (const name of others) t.equal(pidOf(name), before[name], `${name} lives on`);
    for (const name of half) {
      const deaths = said.slice(heard).filter((line) => line.startsWith(`${name} died`)).length;
      t.ok(deaths >= 2 * DEATHS, `${name} died ${deaths} times`);
      t.ok(said.slice(heard).some((line) => line.startsWith(`${name} keeps dying`)), 'which a person is told');
    }
    await until('the fan hears of the place', () => fan.isTold(), BACK_MS);
    if (!half.some((name) => ON_THE_WAY.includes(name))) t.equal(fan.closes(), closes, 'the fan’s socket stayed open');
    t.same(fan.places(), [fan.place], 'the place of the fan is the one it was');
    t.comment(`${half.join(', ')}: ${((performance.now() - since) / 1_000).toFixed(1)} s`);
  }
  for (const name of STORES) t.equal(pidOf(name), first[name], `${name} never stopped`);
});

function kill(pid: number): void {
  if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
}

/** Resolves when it is over, however it ended: nobody may be listening yet. */
function dyingRequest(port: number): Promise<void> {
  return new Promise((over) => {
    const sent = request({ host: '127.0.0.1', port, path: '/health/live', headers: { 'x-die': '1' }, agent: false }, (reply) => reply.resume());
    sent.on('error', () => undefined).once('close', () => over()).end();
  });
}

type Fan = {
  readonly place: number; places(): readonly number[]; closes(): number; leave(): void;
  /** Whether the socket that is open now has told the place. */
  isTold(): boolean;
};

/** Joins through the gateway and keeps a socket, which is opened again whenever it ends. */
async function fanInLine(gateway: string): Promise<Fan> {
  const path = `${API_PREFIX.admission}/rooms/demo`;
  const joined = await fetch(`${gateway}${path}/places`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ clientKey: Buffer.alloc(16, 9).toString('base64url') }),
  });
  const { place, receipt } = (await joined.json()) as PlaceReply;
  const seen = new Set<number>([place]);
  let [closes, isOver, isTold] = [0, false, false];
  let socket: WebSocket | undefined;
  const open = (): void => {
    if (isOver) return;
    socket = new WebSocket(`${gateway.replace('http', 'ws')}${path}/socket`);
    socket.on('error', () => undefined).on('open', () => socket?.send(JSON.stringify({ type: 'hello', receipt })));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; me?: PlaceReply };
      if (message.type !== 'me' || message.me === undefined) return;
      seen.add(message.me.place);
      isTold = true;
    });
    socket.on('close', () => {
      isTold = false;
      closes += 1;
      setTimeout(open, RECONNECT_MS);
    });
  };
  open();
  await until('the fan is told the place', () => isTold);
  return {
    place, places: () => [...seen], closes: () => closes, isTold: () => isTold,
    leave: () => {
      isOver = true;
      socket?.terminate();
    },
  };
}
