import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { problem, type ProblemCode, type ProblemExtras } from '@onsale/contract';
import { freePort } from '@onsale/services';
import { until, type TestContext } from '@onsale/testing';
import t from 'tap';
import { Agent, request } from 'undici';
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';

// The template of the image, filled in as its start script does, in a real nginx. Behind it stand servers that say what reached them.

const IMAGES = resolve(import.meta.dirname, '../images');
/** NGINX_BINARY: one that is not installed, such as one from an unpacked package. */
const nginx = [process.env['NGINX_BINARY'], '/usr/sbin/nginx', '/opt/homebrew/bin/nginx'].find((path) => path !== undefined && path !== '' && existsSync(path));
const isThere = nginx !== undefined && spawnSync('openssl', ['version']).status === 0;
const skip = isThere ? false : 'no nginx or no openssl on this machine: install both, or say NGINX_BINARY=path';
const HOSTS = { PUBLIC_HOST: 'tickets.test', OPS_HOST: 'ops.test' };

/** What a server behind nginx got, in the order it came. */
type Got = { readonly app: string; readonly url: string; readonly headers: IncomingMessage['headers'] };

type Asked = { readonly host?: string; readonly body?: string; readonly headers?: Record<string, string> };

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

/** Replaces what only fits the image; a text that is not there would be a test of nothing. */
function fitted(text: string, changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((done, [from, to]) => {
    const next = done.replaceAll(from instanceof RegExp ? new RegExp(from, 'g') : from, to);
    if (next === done) throw new Error(`the template has no ${String(from)}`);
    return next;
  }, text);
}

function hasHttp2Directive(): boolean {
  const [, major = '0', minor = '0'] = /nginx\/(\d+)\.(\d+)/.exec(spawnSync(nginx as string, ['-v'], { encoding: 'utf8' }).stderr) ?? [];
  return Number(major) > 1 || Number(minor) > 25;
}

async function startFront(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-nginx-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [crt = '', key = '', conf = '', filledIn = ''] = ['tls.crt', 'tls.key', 'nginx.conf', 'default.conf'].map((name) => join(folder, name));
  const names = `subjectAltName=${Object.values(HOSTS).map((host) => `DNS:${host}`).join(',')}`;
  const about = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=onsale', '-addext', names];
  const made = spawnSync('openssl', ['req', '-x509', ...about, '-keyout', key, '-out', crt], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);

  const got: Got[] = [];
  const apps = new Map<string, () => void>();
  const app = async (name: string): Promise<string> => {
    const { port, leave } = await startApp(t, name, got);
    apps.set(name, leave);
    return `server 127.0.0.1:${port};`;
  };
  const [plain, secure] = [await freePort(), await freePort()];
  const config = fitted(readFileSync(join(IMAGES, 'nginx.conf.template'), 'utf8'), [
    ['${PUBLIC_HOST}', HOSTS.PUBLIC_HOST], ['${OPS_HOST}', HOSTS.OPS_HOST],
    ['/run/secrets/tls_certificate', crt], ['/run/secrets/tls_key', key],
    // Slow, so that it is the burst alone that passes, however long the requests take.
    ['zone=admission:20m rate=500r/s', 'zone=admission:20m rate=10r/s'],
    ['listen 80 ', `listen 127.0.0.1:${plain} `],
    // Debian 12 has nginx 1.22, where http2 was a word of `listen`.
    hasHttp2Directive() ? ['listen 443 ssl;', `listen 127.0.0.1:${secure} ssl;`] : [/listen 443 ssl;\s+http2 on;/, `listen 127.0.0.1:${secure} ssl http2;`],
    ['server web:3000 resolve;', await app('web')], ['server admission:3000 resolve;', await app('admission')], ['server ops:3000 resolve;', await app('ops')],
    ['server booking:3000 resolve;', `${await app('booking 1')} ${await app('booking 2')}`],
  ]);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
  writeFileSync(filledIn, config);
  writeFileSync(conf, fitted(readFileSync(join(IMAGES, 'nginx.conf'), 'utf8'), [
    ['/run/nginx.pid', join(folder, 'pid')], ['include      /etc/nginx/mime.types;', temporary], ['/etc/nginx/conf.d/*.conf', filledIn],
    ['worker_connections 65536;', 'worker_connections 4096;'], ['worker_rlimit_nofile 131072;', ''],
  ]));
  const errors = ['-e', join(folder, 'errors')];
  const parsed = spawnSync(nginx as string, [...errors, '-t', '-c', conf], { encoding: 'utf8' });
  if (parsed.status !== 0) throw new Error(parsed.stderr);
  const child = spawn(nginx as string, [...errors, '-c', conf, '-g', 'daemon off; master_process off;'], { stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', done));
  t.teardown(async () => {
    child.kill();
    await ended;
  });
  const ca = readFileSync(crt, 'utf8');
  const agents = Object.fromEntries(Object.values(HOSTS).map((host) => [host, new Agent({ connect: { ca, servername: host } })]));
  t.teardown(() => Promise.all(Object.values(agents).map((agent) => agent.close())));
  const ask = async (path: string, { host = HOSTS.PUBLIC_HOST, body, headers = {} }: Asked = {}) => {
    const reply = await request(`https://127.0.0.1:${secure}${path}`, {
      dispatcher: agents[host] as Agent, headers: { host, ...headers }, ...(body === undefined ? {} : { method: 'POST', body }),
    });
    return { status: reply.statusCode, headers: reply.headers, text: await reply.body.text() };
  };
  const isUp = async (): Promise<boolean> => ask('/up').then(() => true, () => false);
  await until('nginx answers', isUp);
  got.length = 0;
  return { got, ask, plain, secure, ca, leave: (name: string) => apps.get(name)?.() };
}

const times = <Reply>(count: number, work: () => Promise<Reply>): Promise<Reply[]> => Promise.all(Array.from({ length: count }, work));
const withStatus = <Reply extends { readonly status: number }>(replies: readonly Reply[], status: number): Reply[] =>
  replies.filter((reply) => reply.status === status);
/** The registry's own words: what nginx says must not drift from what the apps say. */
const said = (code: ProblemCode, extras: ProblemExtras = {}): unknown => problem(code, extras, 'en');

t.test('nginx as the template has it', { skip }, async (t) => {
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
