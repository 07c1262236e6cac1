import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { problem, type ProblemCode, type ProblemExtras } from '@onsale/contract';
import { sourceOf } from '@onsale/kernel';
import type { TestContext } from '@onsale/testing';
import t from 'tap';
import { request } from 'undici';
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';
import { HOSTS, skipWithoutNginx, startNginx } from './start-nginx.ts';

// The template of the image, filled in as its start script does, in a real nginx. Behind it stand servers that say what reached them.

/** What a server behind nginx got, in the order it came. */
type Got = { readonly app: string; readonly url: string; readonly headers: IncomingMessage['headers'] };

/** A server that answers as an app would: /…/full refuses by itself, sockets send back what they get. */
async function startApp(t: TestContext, app: string, got: Got[]): Promise<{ readonly port: number; readonly leave: () => void }> {
  const server = createServer((asked, reply) => {
    got.push({ app, url: asked.url ?? '', headers: asked.headers });
    asked.resume();
    if (asked.url?.endsWith('/full')) reply.writeHead(429, { 'retry-after': '7' });
    reply.end(app);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, asked) => {
    got.push({ app, url: asked.url ?? '', headers: asked.headers });
    socket.on('message', (text) => socket.send(String(text)));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const leave = (): void => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
  };
  t.teardown(leave);
  return { port: (server.address() as AddressInfo).port, leave };
}

async function startFront(t: TestContext) {
  const got: Got[] = [];
  const apps = new Map<string, () => void>();
  const app = async (name: string): Promise<number> => {
    const { port, leave } = await startApp(t, name, got);
    apps.set(name, leave);
    return port;
  };
  const front = await startNginx(t, {
    web: await app('web'), admission: await app('admission'), ops: await app('ops'), booking: [await app('booking 1'), await app('booking 2')],
    // Slow, so that it is the burst alone that passes, however long the requests take.
    changes: [
      ['zone=admission:20m rate=500r/s', 'zone=admission:20m rate=10r/s'],
      // The same rules asked about any address.
      [/(?<rules>map \$remote_addr \$source (?<list>\{[^}]*\{4\}[^}]*\}))/, '$<rules>\nmap $arg_a $counted $<list>'],
      ['  # For machines inside only;', '  location = /counted { return 200 $counted; }\n  # For machines inside only;'],
    ],
  });
  got.length = 0;
  return { got, ...front, leave: (name: string) => apps.get(name)?.() };
}

const times = <Reply>(count: number, work: () => Promise<Reply>): Promise<Reply[]> => Promise.all(Array.from({ length: count }, work));
const withStatus = <Reply extends { readonly status: number }>(replies: readonly Reply[], status: number): Reply[] =>
  replies.filter((reply) => reply.status === status);
/** The registry's own words: what nginx says must not drift from what the apps say. */
const said = (code: ProblemCode, extras: ProblemExtras = {}): unknown => problem(code, extras, 'en');

t.test('nginx as the template has it', { skip: skipWithoutNginx }, async (t) => {
  const { got, ask, plain, secure, ca, leave } = await startFront(t);

  t.test('paths and hosts reach their apps; what is for machines inside reaches none', async (t) => {
    for (const [path, app] of [['/', 'web'], ['/shows/demo', 'web'], ['/api/admission/rooms/a', 'admission'], ['/apiary', 'web']] as const) {
      t.equal((await ask(path)).text, app, path);
    }
    t.match((await ask('/api/booking/shows/demo')).text, /^booking/);
    t.equal((await ask('/anything', { host: HOSTS.OPS_HOST })).text, 'ops');
    got.length = 0;
    for (const host of Object.values(HOSTS)) {
      for (const path of ['/metrics', '/health/ready', '/health']) t.equal((await ask(path, { host })).status, 404, host + path);
    }
    t.same(got, []);
  });

  t.test('operators are reached from their networks alone; a host that is not ours is told nothing', async (t) => {
    t.match((await ask('/')).headers, { 'strict-transport-security': /^max-age=63072000/ });
    t.equal((await ask('/', { host: HOSTS.OPS_HOST, from: '127.0.0.9' })).status, 403, 'another network');
    t.equal((await ask('/', { from: '127.0.0.9' })).status, 200, 'fans come from everywhere');
    await t.rejects(ask('/', { host: 'evil.test' }), 'no certificate is shown');
    t.equal((await request(`http://127.0.0.1:${plain}/`, { headers: { host: 'evil.test' } })).statusCode, 421);
  });

  t.test('what a client claims about itself is dropped', async (t) => {
    got.length = 0;
    await ask('/', { headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.test' } });
    const { headers } = got[0] as Got;
    t.match(headers, { host: HOSTS.PUBLIC_HOST, 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': HOSTS.PUBLIC_HOST });
  });

  t.test('a show stays with one booking process', async (t) => {
    const apps = new Map<string, Set<string>>();
    for (let show = 0; show < 20; show += 1) {
      const answers = await Promise.all(['/seats', '', '/holds'].map((rest) => ask(`/api/booking/shows/show-${show}${rest}`)));
      apps.set(`show-${show}`, new Set(answers.map(({ text }) => text)));
    }
    t.ok([...apps.values()].every((seen) => seen.size === 1));
    t.equal(new Set([...apps.values()].flatMap((seen) => [...seen])).size, 2, 'and shows spread over both');
  });

  t.test('a body that is too large stops here; HTTP is sent to HTTPS; old TLS is refused', async (t) => {
    got.length = 0;
    const large = await ask('/api/booking/shows/demo/holds', { body: 'x'.repeat(65_537) });
    t.equal(large.status, 413);
    t.same(JSON.parse(large.text), said('too-large'));
    t.same(got, []);
    t.equal((await ask('/api/booking/shows/demo/holds', { body: 'x'.repeat(65_000) })).status, 200);
    const moved = await request(`http://127.0.0.1:${plain}/shows/demo?lang=ko`, { headers: { host: HOSTS.PUBLIC_HOST } });
    t.match([moved.statusCode, moved.headers['location']], [308, `https://${HOSTS.PUBLIC_HOST}/shows/demo?lang=ko`]);
    await moved.body.dump();
    for (const [version, opens] of [['TLSv1.1', false], ['TLSv1.2', true]] as const) {
      const outcome = await new Promise((done) => {
        const only = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
        const socket = connect({ host: '127.0.0.1', port: secure, ca, servername: HOSTS.PUBLIC_HOST, ...only });
        socket.once('error', () => done(false)).once('secureConnect', () => {
          done(true);
          socket.destroy();
        });
      });
      t.equal(outcome, opens, version);
    }
  });

  t.test('a socket passes both ways', async (t) => {
    for (const path of ['/api/admission/rooms/a/socket', '/api/booking/shows/demo/socket']) {
      const trusting = { ca, servername: HOSTS.PUBLIC_HOST, headers: { host: HOSTS.PUBLIC_HOST } } as ClientOptions;
      const socket = new WebSocket(`wss://127.0.0.1:${secure}${path}`, trusting);
      const heard = new Promise((done, failed) => socket.once('message', (text) => done(String(text))).once('error', failed));
      socket.once('open', () => socket.send(`hello ${path}`));
      t.equal(await heard, `hello ${path}`);
      socket.close();
    }
  });

  t.test('limits: what is over a burst is told when to come back, an app’s own word stands, Toss is never limited', async (t) => {
    const full = await ask('/api/admission/full');
    t.match([full.status, full.headers['retry-after']], [429, '7'], 'once, and the app’s');
    t.equal(withStatus(await times(400, () => ask('/api/booking/webhooks/toss', { body: '{}' })), 200).length, 400);
    const polls = await times(1_300, () => ask('/api/admission/rooms/a'));
    const [passed, refused] = [withStatus(polls, 200), withStatus(polls, 429)];
    t.ok(passed.length >= 990 && refused.length >= 100 && passed.length + refused.length === 1_300, `${passed.length} passed, ${refused.length} did not`);
    t.same(JSON.parse(refused[0]?.text ?? ''), said('rate-limited', { retryAfterMs: 2_000 }));
    t.match(refused[0]?.headers, { 'retry-after': '2', 'content-type': 'application/problem+json' });
    const passwords = await times(20, () => ask('/api/ops/sessions', { host: HOSTS.OPS_HOST, body: '{}' }));
    t.ok(withStatus(passwords, 429).length >= 12, `${withStatus(passwords, 429).length} of 20 passwords were not even looked at`);
  });

  t.test('limits count an IPv6 address by its /64, as the apps do', async (t) => {
    const addresses = [
      '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::6', '2001:db8:1:2:7::', '2001:db8:1::6', '2001:db8:1:0:1::', '2001:db8::6', '2001:db8:0:2::9',
      '2001:db8::3:4:5:6', '2001::2:3:4:5:6', '2001:0:0:2:9::', '2001::3:4:5:6', '2001::1', 'fe80::1', 'fe80::2',
    ];
    const counted = await Promise.all(addresses.map((address) => ask(`/counted?a=${address}`)));
    const apps = addresses.map((address) => sourceOf(address).replace('::/64', ''));
    t.same(counted.map(({ text }) => text), apps);
  });

  t.test('an app that is away: programs get a problem, people a page that tries again', async (t) => {
    for (const app of ['web', 'booking 1', 'booking 2']) leave(app);
    const away = await ask('/api/booking/shows/demo');
    t.equal(away.status, 503);
    t.match(away.headers, { 'retry-after': '2', 'content-type': 'application/problem+json' });
    t.same(JSON.parse(away.text), said('unavailable', { retryAfterMs: 2_000 }));
    const page = await ask('/shows/demo');
    t.match([page.status, page.headers['content-type'], page.headers['retry-after']], [503, 'text/html; charset=utf-8', '2']);
    t.match(page.text, /refresh.*대기 순번은 그대로.*place in line is kept/s);
  });
});
