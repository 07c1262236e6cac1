import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync } from 'node:zlib';
import { closeCodes, problems, routes, socketRoutes } from '@onsale/contract';
import t from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { OPS_FOLDER } from '../src/build.ts';
import { bookingUpstream } from '../src/gateway/proxy.ts';
import { FakeRoom } from './fake/admission.ts';
import { startGateway } from './fake/gateway.ts';

const room = new FakeRoom();
const admission = await room.start();
const away = 'http://127.0.0.1:9';
const { app, url, log } = await startGateway({ admission, booking: away });
t.teardown(async () => {
  await app.close();
  await room.stop();
});
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(url + path, { headers, redirect: 'manual' });

t.test('pages: language, policy, cache, 404', async (t) => {
  const english = await get('/rooms/demo', { 'accept-language': 'en-GB,en;q=0.9' });
  const text = await english.text();
  t.equal(english.status, 200);
  t.match(text, /<html lang="en">/);
  t.match(text, /Onsale Live 2027/, 'the name comes from admission');
  t.match(text, /<meta http-equiv="refresh" content="0;url=\/rooms\/demo\?plain=1" \/>/, 'no scripts: on to the plain page');
  const policy = english.headers.get('content-security-policy') ?? '';
  t.match(policy, /script-src 'self'(;| )/);
  t.notMatch(policy, /unsafe/);
  t.equal(english.headers.get('cross-origin-opener-policy'), 'same-origin-allow-popups');
  t.notMatch(text, /<script>|<style|style="|onclick=/, 'nothing inline that a policy would have to allow');

  const korean = await get('/rooms/demo?lang=ko', { 'accept-language': 'en' });
  t.match(await korean.text(), /<html lang="ko">/);
  const cookie = korean.headers.get('set-cookie') ?? '';
  t.match(cookie, /^onsale_lang=ko; Path=\/; .*SameSite=Lax$/);
  t.match(await (await get('/', { 'accept-language': 'en', cookie: 'onsale_lang=ko' })).text(), /<html lang="ko">/, 'the cookie beats the header');
  t.match(await (await get('/', { 'accept-language': 'fr' })).text(), /<html lang="en">/);

  const etag = english.headers.get('etag') ?? '';
  t.equal((await get('/rooms/demo', { 'accept-language': 'en-GB,en;q=0.9', 'if-none-match': etag })).status, 304);
  for (const path of ['/nothing', '/rooms/mistyped', '/rooms/mistyped?plain=1', '/rooms/No_Slug', '/orders/short', '/events/other']) {
    const lost = await get(path);
    t.equal(lost.status, 404, path);
    t.match(lost.headers.get('content-type'), /text\/html/, path);
    await lost.text();
  }
  const api = await get('/api/nothing');
  t.equal(api.status, 404);
  t.match(await api.json(), { code: 'not-found' }, 'an unknown API address is a problem, not a page');
  for (const path of ['/', '/events/demo', '/shows/demo', '/me', `/orders/${'A'.repeat(22)}`]) {
    const page = await get(path);
    t.equal(page.status, 200, path);
    await page.text();
  }
});

t.test('the API to read: every operation, socket, refusal and close code of the contract', async (t) => {
  const docs = await (await get('/docs')).text();
  for (const { api, id } of [...routes.filter(({ api }) => api !== 'admission-internal'), ...socketRoutes]) t.match(docs, `id="${api}-${id}"`, id);
  for (const { code } of Object.values(closeCodes)) t.match(docs, `<td>${code}</td>`);
  const refusals = await (await get('/problems')).text();
  // What ops serves under the same address on its own origin: a `type` is relative to where the problem came from.
  const ofOperators = readFileSync(join(OPS_FOLDER, 'problems.html'), 'utf8');
  for (const code of Object.keys(problems))
    for (const page of [refusals, ofOperators]) t.match(page, `id="${code}"`, 'where the type of a problem points to');
  for (const [, path = ''] of ofOperators.matchAll(/(?:href|src)="\/(assets\/[^"]+)"/g)) t.ok(existsSync(join(OPS_FOLDER, path)), path);
  for (const [, target = ''] of docs.matchAll(/href="#([^"]+)"/g)) if (!docs.includes(`id="${target}"`)) t.fail(`#${target} leads nowhere`);
});

t.test('a slash at the end leads to the page without it, and nowhere else', async (t) => {
  for (const [asked, told] of [['/rooms/demo/?lang=ko', '/rooms/demo?lang=ko'], ['/me/', '/me']] as const) {
    const reply = await get(asked);
    t.same([reply.status, reply.headers.get('location')], [308, told], asked);
  }
  for (const path of ['//evil.example/', '/\\evil.example/', '/%2fevil.example/', '/a//evil.example/']) {
    const reply = await get(path);
    t.same([reply.status, reply.headers.get('location')], [404, null], path);
    await reply.text();
  }
  t.equal((await get('/api/nothing/')).status, 404);
});

t.test('HEAD is GET without the body, for pages and files', async (t) => {
  const pages = ['/', '/rooms/demo', '/events/demo', '/shows/demo', '/me', `/orders/${'A'.repeat(22)}`, '/nothing', '/favicon.svg', '/robots.txt'];
  const [asset = ''] = /\/assets\/[\w.-]+/.exec(await (await get('/')).text()) ?? [];
  for (const path of [...pages, asset]) {
    const [whole, head] = await Promise.all([get(path), fetch(url + path, { method: 'HEAD' })]);
    t.equal(head.status, whole.status, path);
    for (const name of ['content-type', 'etag', 'cache-control', 'content-security-policy'])
      t.equal(head.headers.get(name), whole.headers.get(name), `${path}: ${name}`);
    t.equal(await head.text(), '');
    await whole.text();
  }
});

t.test('what a query or a name says cannot become markup', async (t) => {
  const page = await (await get('/rooms/demo?plain=1&said=%3Cscript%3Ealert(1)%3C/script%3E&lang=%22%3E%3Cb%3E')).text();
  t.notMatch(page, /<script>alert|"><b>/);
});

t.test('files: immutable, precompressed, and the first paint of the queue page is below 20 KB in every language', async (t) => {
  for (const language of ['en', 'ko']) {
    const address = `/rooms/demo?lang=${language}`;
    const html = await (await get(address, { 'accept-encoding': 'identity' })).text();
    const files = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1] as string);
    t.ok(files.length >= 3);
    let bytes = await transferred(address);
    for (const file of new Set(files)) {
      const reply = await get(file, { 'accept-encoding': 'br' });
      t.equal(reply.headers.get('cache-control'), 'public, max-age=31536000, immutable', file);
      bytes += await transferred(file);
    }
    t.ok(files.length <= 4, 'a sheet, a script, the test of the browser, the icon');
    t.ok(bytes < 20_480, `page, styles and scripts in ${language}: ${bytes} bytes`);
  }
  t.equal((await get('/assets/none.js')).status, 404);
  t.equal((await get('/assets/..%2fmanifest.json')).status, 404);
  t.equal((await get('/favicon.ico')).status, 200);
});

/** Bytes on the wire with brotli, checked to be the file. */
async function transferred(path: string): Promise<number> {
  const plain = Buffer.from(await (await get(path, { 'accept-encoding': 'identity' })).arrayBuffer());
  const reply = await app.inject({ url: path, headers: { 'accept-encoding': 'br', host: 'x' } });
  if (reply.headers['content-encoding'] !== 'br') return reply.rawPayload.length;
  if (!brotliDecompressSync(reply.rawPayload).equals(plain)) throw new Error(`${path} is not what its compressed twin says`);
  return reply.rawPayload.length;
}

/** A request as no browser would send it: its path and its headers as they are. */
const raw = async (method: string, path: string, headers: Record<string, string>): Promise<{ status: number; json: () => unknown }> => {
  const { hostname, port } = new URL(url);
  const asked = request({ hostname, port, method, path, headers, agent: false }).end();
  const [reply] = (await once(asked, 'response')) as [IncomingMessage];
  const text = (await reply.setEncoding('utf8').toArray()).join('');
  return { status: reply.statusCode ?? 0, json: () => JSON.parse(text) as unknown };
};

t.test('a client that offers HTTP/2 (Java’s does, always) is answered in HTTP/1.1', async (t) => {
  const offer = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
  for (const path of ['/rooms/demo', '/api/admission/echo-headers']) t.equal((await raw('GET', path, offer)).status, 200, path);
});

t.test('APIs: passed on with the client the gateway saw; an app that is away is a 503 with a time', async (t) => {
  const echoed = (await (
    await get('/api/admission/echo-headers', { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-host': 'evil.example', forwarded: 'for=6.6.6.6' })
  ).json()) as IncomingHttpHeaders;
  t.equal(echoed['x-forwarded-for'], '127.0.0.1', 'a client cannot say who it is');
  t.equal(echoed['x-forwarded-host'], new URL(url).host);
  t.equal(echoed.forwarded, undefined);
  const joined = await fetch(`${url}/api/admission/rooms/demo/places`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: 'onsale_device=abc' },
    body: '{}',
  });
  t.equal(joined.status, 201);
  t.match(await joined.json(), { state: 'waiting', position: 1 });
  const hopByHop = { te: 'trailers', 'keep-alive': 'timeout=5', expect: '100-continue', 'proxy-connection': 'keep-alive', 'x-own': '1' };
  const hops = (await raw('GET', '/api/admission/echo-headers', { ...hopByHop, connection: 'keep-alive, x-own' })).json() as IncomingHttpHeaders;
  t.same(Object.keys(hopByHop).filter((name) => name in hops), [], 'what is between two neighbours ends here');
  for (const path of ['/api/admission/../../metrics', '/api/booking/x/%2e%2e/%2e%2e/%2e%2e/metrics', '/api/admission/..%2f..%2fmetrics'])
    t.equal((await raw('GET', path, {})).status, 404, `${path} leads nowhere`);
  const lines: string[] = [];
  log.on('data', (line: Buffer) => lines.push(String(line)));
  for (let n = 0; n < 3; n += 1) t.equal((await get('/api/booking/shows/demo/seats')).status, 503);
  t.match(lines.join(''), /^[^\n]*did not answer[^\n]*\n$/, 'the log says so, once');
  const bookingAway = await get('/api/booking/shows/demo/layout');
  t.equal(bookingAway.status, 503);
  t.match(await bookingAway.json(), { code: 'unavailable', retryAfterMs: 2_000 });
  t.ok(Number(bookingAway.headers.get('retry-after')) >= 1);
  const large = await fetch(`${url}/api/admission/rooms/demo/places`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `"${'x'.repeat(20_000)}"`,
  });
  t.equal(large.status, 413, 'bodies are bounded here already');
  await large.text();
});

t.test('what is public is asked for once: frames for a second, layouts compressed; the rest is passed on', async (t) => {
  const asked = { frame: 0, layout: 0, away: 0 };
  const apps = createServer((request, reply) => {
    const path = request.url ?? '';
    if (path.endsWith('/frame')) {
      asked.frame += 1;
      return reply.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=1', etag: '"f1"' }).end('{"type":"frame"}');
    }
    if (path.endsWith('/layout')) {
      asked.layout += 1;
      return reply
        .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=60', etag: '"l1"' })
        .end(JSON.stringify({ sections: 'x'.repeat(9_000) }));
    }
    asked.away += 1;
    return reply.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '5', 'cache-control': 'no-store' }).end('{"code":"recovering"}');
  });
  apps.listen(0, '127.0.0.1');
  await once(apps, 'listening');
  const address = `http://127.0.0.1:${(apps.address() as { port: number }).port}`;
  let clock = 0;
  const gateway = await startGateway({ admission: address, booking: address, now: () => clock });
  const ask = (path: string, headers: Record<string, string> = {}) => gateway.app.inject({ url: path, headers });
  const frame = '/api/admission/rooms/demo/frame';
  const together = await Promise.all(Array.from({ length: 20 }, () => ask(frame)));
  t.equal(asked.frame, 1, 'twenty at once are one question');
  t.ok(together.every(({ statusCode, body }) => statusCode === 200 && body === '{"type":"frame"}'));
  clock = 999;
  await ask(`${frame}?anything=1`);
  t.equal(asked.frame, 1);
  clock = 1_000;
  await ask(frame);
  t.equal(asked.frame, 2, 'and no longer than the app allows');
  for (const tag of ['"f1"', 'W/"f1"', '"f0", "f1"', '*']) t.equal((await ask(frame, { 'if-none-match': tag })).statusCode, 304, tag);
  const spellings = [frame.replace('rooms', '%72ooms'), frame.replace('demo', '%64em%6f'), `${frame}?a=1&a=2`, frame.replace('frame', '%66rame'), `${frame}?`];
  for (const spelling of spellings) t.equal((await ask(spelling)).body, '{"type":"frame"}', spelling);
  t.equal(asked.frame, 2, 'however it is spelled it is one answer');
  for (const wrong of ['No_Slug', 'a%2Fb', '%00', 'x'.repeat(60)]) t.equal((await ask(frame.replace('demo', wrong))).statusCode, 404, wrong);
  t.equal(asked.frame, 2, 'a name that cannot be is no question');

  const layout = await ask('/api/booking/shows/demo/layout', { 'accept-encoding': 'gzip, br' });
  t.equal(layout.headers['content-encoding'], 'br');
  t.ok(layout.rawPayload.length < 500);
  clock = 31_000;
  t.equal((await ask('/api/booking/shows/demo/layout')).headers.age, '30');
  t.equal(asked.layout, 1);

  const away = await ask('/api/admission/rooms/demo');
  t.equal(away.statusCode, 503);
  t.equal(away.headers['retry-after'], '5');
  t.match(away.json(), { code: 'recovering' });
  await ask('/api/admission/rooms/demo');
  t.equal(asked.away, 2, 'a refusal is nobody else’s');
  for (let junk = 0; junk < 600; junk += 1) await ask(`/api/admission/rooms/junk-${junk}`);
  await ask('/api/booking/shows/demo/layout');
  t.equal(asked.layout, 1, 'addresses that nobody may keep drive nothing out');
  await gateway.app.close();
  apps.close();
});

t.test('ready only when every app is', async (t) => {
  const answer = await app.inside.inject('/health/ready');
  t.equal(answer.statusCode, 503);
  t.match(answer.json(), { ready: false, checks: { admission: true, booking: false } });
  t.equal((await app.inside.inject('/health/live')).statusCode, 200);
});

t.test('the socket of a place comes through, both ways, with its close code', async (t) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/admission/rooms/demo/socket`, {
    headers: { cookie: 'onsale_device=abc', origin: url, 'x-forwarded-for': '6.6.6.6' },
  });
  await once(socket, 'open');
  const first = once(socket, 'message');
  socket.send('{"type":"hello"}');
  t.match(JSON.parse(String((await first)[0])), { type: 'frame', room: 'demo' });
  const upgrade = room.requests.findLast(({ method }) => method === 'UPGRADE');
  t.equal(upgrade?.headers['x-forwarded-for'], '127.0.0.1');
  t.equal(upgrade?.headers.origin, url);
  const closed = once(socket, 'close');
  for (const ws of room.sockets.keys()) ws.close(closeCodes.restart.code, '1234');
  const [code, reason] = await closed;
  t.equal(code, 1012);
  t.equal(String(reason), '1234');
});

t.test('a refused handshake is a status, not a hang, and the connection ends', async (t) => {
  for (const [path, status] of [
    ['/api/admission/rooms/refused/socket', 503],
    ['/api/booking/shows/demo/socket', 503],
    ['/elsewhere', 404],
  ] as const) {
    const socket = new WebSocket(url.replace('http', 'ws') + path);
    socket.on('error', () => undefined);
    const [, response] = await once(socket, 'unexpected-response');
    t.equal(response.statusCode, status, path);
    socket.terminate();
  }
});

t.test('a pong is the fan’s own sign of life: the gateway answers no ping', async (t) => {
  const server = createServer();
  const wss = new WebSocketServer({ server });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gateway = await startGateway({
    admission: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    booking: away,
    socketLimits: { socketsMax: 1, handshakeMs: 500, stalledMs: 60_000 },
  });
  const accepted = once(wss, 'connection');
  const mute = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/admission/rooms/demo/socket`, { autoPong: false });
  const [upstream] = (await accepted) as [WebSocket];
  let pongs = 0;
  upstream.on('pong', () => (pongs += 1));
  await once(mute, 'open');
  upstream.ping();
  await once(mute, 'ping');
  await sleep(100);
  t.equal(pongs, 0, 'a fan who does not answer is silent');
  mute.pong();
  await once(upstream, 'pong');

  const second = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/admission/rooms/demo/socket`);
  second.on('error', () => undefined);
  const [, response] = await once(second, 'unexpected-response');
  t.equal(response.statusCode, 503, 'past the bound a socket is refused');
  t.equal(response.headers['retry-after'], '5');
  second.terminate();

  const gone = once(upstream, 'close');
  mute.terminate();
  await gone;
  await gateway.app.close();
  wss.close();
  server.close();
});

t.test('without scripts: join, see the place, be called, enter; only from our own page', async (t) => {
  const booking = createServer((request, reply) => {
    const ours = request.headers.cookie?.includes('onsale_device=') === true;
    reply.setHeader('set-cookie', 'onsale_session=s1; Path=/; HttpOnly; SameSite=Lax');
    reply.writeHead(ours ? 201 : 428, { 'content-type': 'application/json' }).end('{}');
  });
  booking.listen(0, '127.0.0.1');
  await once(booking, 'listening');
  const gateway = await startGateway({ admission, booking: `http://127.0.0.1:${(booking.address() as { port: number }).port}` });
  const press = (action: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${gateway.url}/rooms/demo/${action}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });

  const first = await fetch(`${gateway.url}/rooms/demo?plain=1`, { redirect: 'manual' });
  t.equal(first.headers.get('location'), '/rooms/demo?plain=1&cookies=tried');
  const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] as string;
  t.match(cookie, /^onsale_device=/);
  t.match(await (await fetch(`${gateway.url}/rooms/demo?plain=1`, { headers: { cookie } })).text(), /<form method="post" action="\/rooms\/demo\/join">/);
  t.equal((await press('join', { origin: 'https://evil.example' })).status, 403, 'another site cannot join for a fan');
  for (const name of ['x%0d%0aX-Own:%201', '%ED%95%9C', '..%2f..%2fevil'])
    t.equal((await fetch(`${gateway.url}/rooms/${name}/join`, { method: 'POST', redirect: 'manual' })).status, 404, `${name} is no room`);
  const before = room.places.size;
  for (let presses = 0; presses < 3; presses += 1) t.equal((await press('join', { origin: gateway.url })).headers.get('location'), '/rooms/demo?plain=1');
  const refusing = await (await fetch(`${gateway.url}/rooms/demo?plain=1&cookies=tried`)).text();
  t.match(refusing, /refuses cookies/, 'who brings none back is told');
  t.notMatch(refusing, /action="/, 'and is offered no place');
  t.equal(room.places.size, before, 'no place is taken for a browser that could not keep it');
  const joined = await press('join', { origin: gateway.url, cookie });
  t.equal(joined.status, 303);
  t.equal(joined.headers.get('location'), '/rooms/demo?plain=1');
  t.equal(room.places.size, before + 1);
  const device = cookie.slice('onsale_device='.length);

  await press('join', { origin: gateway.url, cookie: 'theme=1; onsale_device=old' });
  const asked = room.requests.findLast((one) => one.url.endsWith('/rooms/demo/places'))?.headers.cookie ?? '';
  t.match(asked, /^onsale_device=[^;]*; theme=1; onsale_device=old$/, 'the cookie just given comes before the one it replaces');

  room.fillLine(12);
  const standing = await (await fetch(`${gateway.url}/rooms/demo?plain=1&lang=ko`, { headers: { cookie } })).text();
  t.match(standing, /명이 앞에 있습니다/);
  t.match(standing, /<meta http-equiv="refresh" content="5;url=\/rooms\/demo\?plain=1" \/>/);
  room.hurried = true;
  for (let presses = 0; presses < 3; presses += 1) {
    const again = await (await fetch(`${gateway.url}/rooms/demo?plain=1&lang=ko`, { headers: { cookie } })).text();
    t.match(again, /명이 앞에 있습니다/, 'asked too often: the place that was known a moment ago');
    t.match(again, /http-equiv="refresh" content="7;/, 'and the page renews itself when it may ask');
  }
  const unknown = await (await fetch(`${gateway.url}/rooms/demo?plain=1`, { headers: { cookie: 'onsale_device=other' } })).text();
  t.match(unknown, /http-equiv="refresh"/, 'also where nothing was known');
  room.hurried = false;
  t.match((await press('enter', { origin: gateway.url, cookie })).headers.get('location'), /said=not-called/, 'not before the call');
  room.set(device, { state: 'called', until: Date.now() + 60_000 });
  t.match(await (await fetch(`${gateway.url}/rooms/demo?plain=1`, { headers: { cookie } })).text(), /action="\/rooms\/demo\/enter"/);
  const entered = await press('enter', { origin: gateway.url, cookie });
  t.equal(entered.headers.get('location'), '/shows/demo?plain=1');
  t.match(entered.headers.get('set-cookie'), /onsale_session=s1/);
  room.set(device, { state: 'absent', needsReturn: true });
  t.match(await (await fetch(`${gateway.url}/rooms/demo?plain=1`, { headers: { cookie } })).text(), /action="\/rooms\/demo\/return"/);
  t.equal((await press('return', { origin: gateway.url, cookie })).headers.get('location'), '/rooms/demo?plain=1');
  t.equal((await press('leave', { origin: gateway.url, cookie })).status, 303);
  t.equal(room.places.get(device)?.state, 'left');
  await gateway.app.close();
  booking.close();
});

t.test('one show, one booking process; what names no show goes to the first', async (t) => {
  const upstreams = ['http://a', 'http://b', 'http://c'];
  t.equal(bookingUpstream(upstreams, '/api/booking/shows/demo/holds'), bookingUpstream(upstreams, '/api/booking/shows/demo/seats?since=4'));
  t.equal(bookingUpstream(upstreams, '/api/booking/orders/AAAAAAAAAAAAAAAAAAAAAA'), 'http://a');
  const used = new Set(Array.from({ length: 60 }, (_, index) => bookingUpstream(upstreams, `/api/booking/shows/show-${index}/seats`)));
  t.equal(used.size, 3);
});
