import { API_PREFIX, CLIENT_KEY_HEADER, INSIDE, routes, type PlaceReply } from '@onsale/contract';
import { seededRandom } from '@onsale/kernel';
import { makeOnSale, openWholeSystem, seedOf, TEST_OPERATOR, until, type AppName, type AppProcess } from '@onsale/testing';
import t from 'tap';
import { WebSocket } from 'ws';
import { drawBody, type BodyRoute } from './draw-bodies.ts';
import { drawFrames } from './draw-frames.ts';
import { drawHead } from './draw-heads.ts';
import { noAnswers, throwAt, throwFrames, type Answers } from './throw-at.ts';

/*
 * Raw heads, bodies and frames at every public listener, while honest fans beside it are served: nobody dies, nothing answers 500, no line says
 * that a request failed on our side. One run is a slice of 5,000 inputs; the commit is the seed, so that every commit tries others, and
 * ONSALE_SLICES=10 sends 50,000.
 */
const SLICES = Number(process.env['ONSALE_SLICES'] ?? 1);
const INPUTS = 5_000 * SLICES;
const HEADS = 720 * SLICES;
const BODIES = 240 * SLICES;
const HANDSHAKES = 36 * SLICES;
const LANES = 6;

const [DEMO, ID] = ['demo', 'A'.repeat(22)];
const filledIn = (path: string): string => path.replace(':room', DEMO).replace(':show', DEMO).replace(':id', ID).replace(':n', '1');
const of = (...apis: string[]): BodyRoute[] =>
  routes.filter(({ api }) => apis.includes(api)).map(({ api, method, path }) => ({ method, path: API_PREFIX[api] + filledIn(path) }));
const SANDBOX: readonly BodyRoute[] = [
  '/v1/payments/confirm', `/v1/payments/${ID}/cancel`, '/control/payments', '/control/webhooks', `/window/${ID}`,
].map((path) => ({ method: 'POST', path, headers: 'Authorization: Basic dGVzdF9za186\r\n' }));
const SANDBOX_PATHS = [
  '/v2/standard', '/window?clientKey=x&orderId=y', `/window/${ID}`, `/receipts/${ID}`, '/v1/transactions', `/v1/payments/${ID}`, '/control/faults',
  '/health/ready',
];
const PAGES = [
  '/', '/rooms/demo', '/rooms/demo?plain=1', '/rooms/demo/join', '/events/demo', '/shows/demo', '/me', `/orders/${ID}`, '/assets/x.js', '/favicon.ico',
  '/health/ready', '/metrics',
];
const SOCKETS = {
  admission: `${API_PREFIX.admission}/rooms/demo/socket`,
  booking: `${API_PREFIX.booking}/shows/demo/socket`,
  ops: `${API_PREFIX.ops}/rooms/demo/socket`,
};

// Longer than tap's own limit when it is asked for more.
t.setTimeout(290_000 * SLICES);

t.test('nothing that a stranger sends to a listener kills it, is answered 500 or keeps others from being served', { timeout: 280_000 * SLICES }, async (t) => {
  const seed = seedOf(t);
  const opened = performance.now();
  const system = await openWholeSystem({ processes: { sandbox: 1, admission: 1, booking: 1, worker: 1, ops: 1, web: 1 } });
  t.teardown(() => system.close());
  await makeOnSale(system, { ratePerMinute: 60, capacity: 5 });
  const app = (name: AppName): AppProcess => system.apps(name)[0] as AppProcess;
  const pids = new Map((['sandbox', 'admission', 'booking', 'worker', 'ops', 'web'] as const).map((name) => [name, app(name).process.pid]));
  await until('the gateway is ready', async () => (await fetch(app('web').internalUrl + INSIDE.ready)).ok, 30_000);
  const targets = targetsOf(await signIn(app('ops').url));
  const fan = await honestFan(app('web').url);
  const honest = watchHonest({
    web: `${app('web').url}/rooms/demo`, admission: `${app('admission').url}${API_PREFIX.admission}/rooms/demo/frame`,
    booking: `${app('booking').url}${API_PREFIX.booking}/shows/demo/layout`, ops: `${app('ops').url}/`, sandbox: `${app('sandbox').url}/v2/standard`,
  });
  t.comment(`ready to be thrown at after ${((performance.now() - opened) / 1_000).toFixed(1)} s`);
  const answers = new Map<string, Answers>();
  const began = performance.now();
  await Promise.all(targets.map(async ({ name, paths, bodies, sockets }) => {
    const seen = noAnswers();
    answers.set(name, seen);
    const { port } = app(name);
    const drawings = Array.from({ length: LANES }, async (_, lane) => {
      const random = seededRandom(`${seed}/${name}/${lane}`);
      const heads = Array.from({ length: Math.ceil(HEADS / LANES) }, () => drawHead(random, paths));
      await throwAt(port, heads, seen);
      await throwAt(port, Array.from({ length: Math.ceil(BODIES / LANES) }, () => drawBody(random, bodies)), seen);
      for (const path of sockets)
        for (let n = 0; n < HANDSHAKES / LANES; n += 1) {
          const { bytes, count } = drawFrames(random);
          await throwFrames(port, path, bytes, count, seen);
        }
    });
    await Promise.all(drawings);
    t.comment(`${name}: ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  }));
  const took = (performance.now() - began) / 1_000;
  const sent = [...answers.values()].reduce((sum, one) => sum + one.sent, 0);
  t.comment(`${sent} inputs in ${took.toFixed(1)} s`);
  for (const [name, { statuses, sent: count, unanswered, failed, hanging }] of answers) {
    t.comment(`${name}: ${count} inputs, ${unanswered} unanswered, ${[...statuses].sort().map((pair) => pair.join(': ')).join(', ')}`);
    t.same(failed.slice(0, 5), [], `${name} answers nothing with 500 or the like`);
    t.same(hanging.slice(0, 5), [], `${name} leaves nobody hanging`);
    t.ok((statuses.get(200) ?? 0) > 0 && (statuses.get(400) ?? 0) > 0, `${name} was reached and refused`);
  }
  for (const [name, pid] of pids) {
    t.ok(app(name).process.running && app(name).process.pid === pid, `${name} lives`);
    const errors = app(name).log().split('\n').filter((line) => /"level":"(error|fatal)"/.test(line));
    t.same(errors.slice(0, 3), [], `${name} says of nothing that it failed on our side`);
  }
  for (const [name, { asked, served }] of Object.entries(honest.stop()))
    t.ok(served >= 0.9 * asked && asked > 0, `${name} served ${served} of ${asked} honest requests`);
  t.ok(fan.framesSince() > 0 && fan.isOpen(), 'the fan in line kept the socket and its frames');
  fan.leave();
  t.ok(sent >= INPUTS, `${sent} inputs`);
});

type Target = {
  readonly name: AppName; readonly paths: readonly string[]; readonly bodies: readonly BodyRoute[]; readonly sockets: readonly string[];
};

/** Each public listener with what it serves; ops is tried from inside too, where bodies are read. */
function targetsOf(token: string): readonly Target[] {
  const withHeaders = (headers: string, list: readonly BodyRoute[]): BodyRoute[] => list.map((route) => ({ ...route, headers }));
  const keyed = `Idempotency-Key: 12345678\r\n${CLIENT_KEY_HEADER}: ${ID}\r\n`;
  const signedIn = `Authorization: Bearer ${token}\r\nIf-Match: "1"\r\n`;
  const [fans, desk] = [of('admission', 'booking'), of('ops').filter(({ path }) => !path.endsWith('/sessions'))];
  const pathsOf = (list: readonly BodyRoute[]): string[] => list.map(({ path }) => path);
  const { admission, booking, ops } = SOCKETS;
  return [
    { name: 'web', paths: [...PAGES, ...pathsOf(fans), admission, booking], bodies: withHeaders(keyed, fans), sockets: [admission, booking] },
    { name: 'admission', paths: [...pathsOf(of('admission')), admission], bodies: withHeaders(keyed, of('admission')), sockets: [admission] },
    { name: 'booking', paths: [...pathsOf(of('booking')), booking], bodies: withHeaders(keyed, of('booking')), sockets: [booking] },
    { name: 'ops', paths: [...pathsOf(of('ops')), ops, '/', '/assets/x.js'], bodies: withHeaders(signedIn, desk), sockets: [ops] },
    { name: 'sandbox', paths: SANDBOX_PATHS, bodies: SANDBOX, sockets: [] },
  ];
}

async function signIn(ops: string): Promise<string> {
  const { name, password } = TEST_OPERATOR;
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${ops}${API_PREFIX.ops}/sessions`, { method: 'POST', headers, body: JSON.stringify({ name, password }) });
  return ((await reply.json()) as { token: string }).token;
}

/** Stands in line behind the gateway with a socket that nothing may close. */
async function honestFan(gateway: string): Promise<{ framesSince(): number; isOpen(): boolean; leave(): void }> {
  const joined = await fetch(`${gateway}${API_PREFIX.admission}/rooms/demo/places`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ clientKey: Buffer.alloc(16, 7).toString('base64url') }),
  });
  const { receipt } = (await joined.json()) as PlaceReply;
  const socket = new WebSocket(gateway.replace('http', 'ws') + SOCKETS.admission);
  let frames = 0;
  socket.on('message', () => (frames += 1)).on('error', () => undefined);
  await new Promise((open) => socket.once('open', open));
  socket.send(JSON.stringify({ type: 'hello', receipt }));
  return { framesSince: () => frames, isOpen: () => socket.readyState === WebSocket.OPEN, leave: () => socket.terminate() };
}

/** Asks each listener for something everybody gets, again and again; shed ones (503 with a time) are asked again, as a browser would. */
function watchHonest(urls: Readonly<Record<string, string>>): { stop(): Record<string, { asked: number; served: number }> } {
  const seen = Object.fromEntries(Object.keys(urls).map((name) => [name, { asked: 0, served: 0 }]));
  let over = false;
  for (const [name, url] of Object.entries(urls))
    void (async () => {
      const mine = seen[name] as { asked: number; served: number };
      while (!over) {
        const status = await fetch(url, { signal: AbortSignal.timeout(10_000) }).then((reply) => reply.arrayBuffer().then(() => reply.status), () => 0);
        if (over) return;
        if (status !== 503) mine.asked += 1;
        if (status === 200) mine.served += 1;
        await new Promise((done) => { setTimeout(done, 100); });
      }
    })();
  return { stop: () => { over = true; return seen; } };
}
