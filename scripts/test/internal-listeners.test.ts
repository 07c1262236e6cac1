import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { API_PREFIX, INSIDE, routes } from '@onsale/contract';
import { makeOnSale, openWholeSystem, until, type AppName, type AppProcess } from '@onsale/testing';
import t from 'tap';

/*
 * Every app as its main.ts builds it: what is for our own processes (health, metrics, redeem) is answered on the internal listener and on no other,
 * and nothing that fans or operators ask is answered there. An app has no third listener.
 */
const APPS = readdirSync(resolve(import.meta.dirname, '../../apps')) as AppName[];
/** A worker is asked by nobody outside. */
const WITHOUT_PUBLIC: readonly AppName[] = ['worker'];
const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
/** The same path as a router, or a proxy in front of one, might read it. */
const SPELLINGS: readonly ((path: string) => string)[] = [
  (path) => `${path}/`, (path) => `/${path}`, (path) => `${path}?x=1`, (path) => path.toUpperCase(), (path) => `/.${path}`,
  (path) => `/x/..${path}`, (path) => path.replace(/e/, '%65'), (path) => `/api${path}`, (path) => `/api/admission/..%2f..${path}`, (path) => `${path};x`,
];
const REDEEM = routes.filter(({ api }) => api === 'admission-internal').map(({ path }) => path.replace(':room', 'demo'));
/** Health at the root of it as well: what a balancer would try. */
const PATHS = [...Object.values(INSIDE), '/health', ...REDEEM];

type Answer = { readonly status: number; readonly text: string };
type Ask = (path: string, method?: string) => Promise<Answer>;

/** With node's own client: fetch would tidy the path up. */
const asking = (url: string): Ask => (path, method = 'GET') => new Promise((done, fail) => {
  const { hostname, port } = new URL(url);
  const sent = request({ hostname, port, path, method, headers: { 'content-length': 0 } }, (reply) => {
    let text = '';
    reply.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('end', () => done({ status: reply.statusCode ?? 0, text }));
  });
  sent.on('error', fail).end();
});

/** What tells that an internal route has answered, whatever its status: its words, or a refusal that only a route there gives. */
const OURS = /"live":|"ready":|"checks":|^# HELP |nodejs_eventloop|"forbidden"/;
const REFUSED = new Set([400, 403, 404, 405]);

async function leaks(ask: Ask, paths: readonly string[]): Promise<string[]> {
  const asked = paths.flatMap((path) => [...VERBS.map((method) => [method, path] as const), ...SPELLINGS.map((spell) => ['GET', spell(path)] as const)]);
  const found = await Promise.all(asked.map(async ([method, path]) => {
    const { status, text } = await ask(path, method);
    // A page of a gateway may lead on to the address without the last slash, where there is nothing either.
    const isAway = REFUSED.has(status) || status === 308;
    return isAway && !OURS.test(text) ? [] : [`${method} ${path}: ${status}`];
  }));
  return found.flat();
}

/** Ports on which a process listens, by its own descriptors. */
function listening(pid: number): number[] {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  }));
  const rows = ['tcp', 'tcp6'].flatMap((kind) => readFileSync(join('/proc', String(pid), 'net', kind), 'utf8').trim().split('\n').slice(1));
  return rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[3] === '0A' && inodes.has(row[9] ?? ''))
    .map((row) => Number.parseInt((row[1] as string).split(':')[1] as string, 16));
}

const system = await openWholeSystem({ processes: Object.fromEntries(APPS.map((name) => [name, 1])) });
t.teardown(() => system.close());
await makeOnSale(system, { ratePerMinute: null, capacity: 5 });
const appOf = (name: AppName): AppProcess => system.apps(name)[0] as AppProcess;
await until('the gateway is ready', async () => (await asking(appOf('web').internalUrl)(INSIDE.ready)).status === 200, 30_000);

for (const name of APPS) {
  const { url, internalUrl, port, process } = appOf(name);
  const hasPublic = !WITHOUT_PUBLIC.includes(name);

  t.test(`${name}: the internal listener answers health and metrics`, async (t) => {
    const ask = asking(internalUrl);
    t.same(JSON.parse((await ask(INSIDE.live)).text), { live: true });
    t.match(JSON.parse((await ask(INSIDE.ready)).text), { ready: true });
    t.match((await ask(INSIDE.metrics)).text, new RegExp(`^onsale_loop_delay_ms\\{app="${name}"\\}`, 'm'));
  });

  t.test(`${name}: the public listener answers none of it, and there is no other`, async (t) => {
    if (hasPublic) t.same(await leaks(asking(url), PATHS), []);
    const ports = [...(hasPublic ? [port] : []), Number(new URL(internalUrl).port)];
    if (globalThis.process.platform === 'linux') t.same(listening(process.pid).sort(), ports.sort());
  });

  t.test(`${name}: the same look finds every internal route where they are`, async (t) => {
    const found = await leaks(asking(internalUrl), PATHS);
    for (const path of Object.values(INSIDE)) t.ok(found.includes(`GET ${path}: 200`), path);
    if (name === 'admission') for (const path of REDEEM) t.ok((await asking(internalUrl)(path, 'POST')).text.includes('forbidden'), path);
  });

  t.test(`${name}: the internal listener answers nothing of the public one`, async (t) => {
    const ask = asking(internalUrl);
    const open = routes.filter(({ api }) => api !== 'admission-internal')
      .map(({ api, method, path }) => [method, API_PREFIX[api] + path.replace(/:(room|show)/, 'demo').replace(/:\w+/g, '1')] as const);
    for (const [method, path] of [...open, ['GET', '/'], ['GET', '/rooms/demo'], ['GET', '/v2/standard'], ['GET', '/control/faults']] as const)
      t.equal((await ask(path, method)).status, 404, `${method} ${path}`);
  });
}
