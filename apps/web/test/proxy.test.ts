import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { ADMISSION_PREFIX, API_PREFIX, BOOKING_PREFIX, BUDGET_MS, GATEWAY_MARGIN_MS, PROXY_MARGIN_MS, routes } from '@onsale/contract';
import { descriptorLimit, socketsWithin } from '@onsale/runtime';
import { until } from '@onsale/testing';
import t from 'tap';
import { PRESS_BUDGET_MS, PRESS_WAIT_MS } from '../src/gateway/ask-app.ts';
import { CONNECTIONS_MAX, proxied } from '../src/gateway/proxy.ts';
import { startGateway } from './fake/gateway.ts';

/** An app that says what it got; `/slow` waits for `release`. */
const got: { readonly url: string; readonly type: string | undefined; readonly length: string | undefined; readonly body: string }[] = [];
let connections = 0;
const upstream = createServer(async (request: IncomingMessage, reply) => {
  const body = (await request.setEncoding('latin1').toArray()).join('');
  got.push({ url: request.url ?? '', type: request.headers['content-type'], length: request.headers['content-length'], body });
  reply.writeHead(200, { 'content-type': 'application/json', 'keep-alive': 'timeout=1', connection: 'x-secret', 'x-secret': '1' }).end('{}');
}).on('connection', () => (connections += 1));
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
const address = `http://127.0.0.1:${(upstream.address() as { port: number }).port}`;
// Far from its bound of unfinished bodies, which is looked at below.
const unfinishedLimits = { perSource: 1_000, all: 2_000 };
const { app, url } = await startGateway({ admission: address, booking: address, unfinishedLimits });
const port = Number(new URL(url).port);
t.teardown(async () => {
  await app.close();
  upstream.closeAllConnections();
  upstream.close();
});

t.test('bodies that do not end take nothing of the app: everybody else is served meanwhile', async (t) => {
  const before = connections;
  const sockets: Socket[] = [];
  for (let n = 0; n < CONNECTIONS_MAX + 20; n += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write('POST /api/admission/rooms/demo/places HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"clientKey"');
    sockets.push(socket);
  }
  await until('every body has begun', () => app.pressure.inFlight === sockets.length);
  t.equal(connections, before, 'no connection to the app was opened for them');
  const since = performance.now();
  const honest = await fetch(`${url}/api/admission/rooms/demo/places`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  t.equal(honest.status, 200);
  t.ok(performance.now() - since < 3_000, 'at once');
  for (const socket of sockets) socket.destroy();
  await until('all are counted out', () => app.pressure.inFlight === 0);
});

t.test('past its bound a source with unfinished bodies is refused at once; those inside and other sources are not touched', async () => {
  const bounded = await startGateway({ admission: address, booking: address, unfinishedLimits: { perSource: 5, all: 100 } });
  const at = Number(new URL(bounded.url).port);
  const half = (localAddress: string): { socket: Socket; heard: () => string } => {
    let text = '';
    const socket = connect({ port: at, host: '127.0.0.1', localAddress }).on('error', () => undefined).on('data', (bytes) => (text += bytes.toString()));
    socket.write('POST /api/booking/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{');
    return { socket, heard: () => text };
  };
  const inside = Array.from({ length: 5 }, () => half('127.0.0.9'));
  await until('five are under way', () => bounded.app.pressure.inFlight === 5);
  const late = half('127.0.0.9');
  await until('the sixth is refused', () => late.heard().startsWith('HTTP/1.1 429'));
  const other = half('127.0.0.10');
  other.socket.write('}');
  await until('another source is served', () => other.heard().startsWith('HTTP/1.1 200'));
  for (const { socket } of inside) socket.write('}');
  await until('and so are those inside', () => inside.every(({ heard }) => heard().startsWith('HTTP/1.1 200')));
  const again = half('127.0.0.9');
  again.socket.write('}');
  await until('whose place is free again', () => again.heard().startsWith('HTTP/1.1 200'));
  for (const { socket } of [...inside, late, other, again]) socket.destroy();
  await bounded.app.close();
});

t.test('the bound on sockets follows from the limit of open files', async (t) => {
  t.equal(descriptorLimit('Limit  Soft  Hard  Units\nMax open files            20000                20000                files\n'), 20_000);
  t.equal(descriptorLimit(''), 1_024);
  t.equal(descriptorLimit('Max open files            unlimited            unlimited            files'), Number.MAX_SAFE_INTEGER);
  t.equal(socketsWithin(20_000, 2, 60_000), 9_488);
  t.equal(socketsWithin(1_024, 2, 60_000), 384);
  t.equal(socketsWithin(1_000_000, 2, 60_000), 60_000);
});

t.test('a body goes on byte by byte, under its own type', async (t) => {
  const send = async (method: string, headers: Record<string, string>, body: string): Promise<void> => {
    const head = [`${method} /api/booking/x HTTP/1.1`, 'Host: a', 'Connection: close', ...Object.entries(headers).map((pair) => pair.join(': '))];
    const socket = connect(port, '127.0.0.1').on('error', () => undefined).resume();
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
    await once(socket, 'close');
  };
  const type = 'application/json; charset=utf-8';
  await send('POST', { 'Content-Type': type, 'Content-Length': '9' }, '{"a" : 1}');
  t.match(got.at(-1), { type, length: '9', body: '{"a" : 1}' }, 'JSON is not written anew');
  await send('PUT', { 'Content-Type': 'application/octet-stream', 'Transfer-Encoding': 'chunked' }, '4\r\n\u0000\u0001\u0002\u0003\r\n0\r\n\r\n');
  t.match(got.at(-1), { length: '4', body: '\u0000\u0001\u0002\u0003' });
  await send('POST', { 'Content-Type': 'application/json', 'Content-Length': '0' }, '');
  t.match(got.at(-1), { type: 'application/json', body: '' }, 'an empty body keeps its type: the app says what is wrong');
  await send('DELETE', {}, '');
  t.match(got.at(-1), { type: undefined, body: '' });
  for (const method of ['GET', 'HEAD']) {
    const reply = await fetch(`${url}/api/booking/x`, { method, headers: { 'content-type': type } });
    t.equal(reply.status, 200, `${method} with a type and no body`);
    await reply.text();
  }
  const asked = got.length;
  await send('POST', { 'Content-Type': 'application/json', 'Content-Length': '20000' }, 'x');
  await send('POST', { 'Content-Type': 'json', 'Content-Length': '0' }, '');
  t.equal(got.length, asked, 'too large, or of no type at all: refused here');
});

t.test('what the app says to its neighbour alone ends here', async (t) => {
  const { headers } = await fetch(`${url}/api/booking/x`);
  t.same(['keep-alive', 'x-secret'].map((name) => headers.get(name)?.replace('timeout=72', '') ?? ''), ['', '']);
});

t.test('the gateway waits a little longer than the app may take, on every route', (t) => {
  const table = proxied();
  for (const { api, method, path, budgetMs = BUDGET_MS } of routes) {
    const prefix = API_PREFIX[api];
    if (![ADMISSION_PREFIX, BOOKING_PREFIX].includes(prefix)) continue;
    const own = table.find(({ methods, url: at }) => at === prefix + path && methods.includes(method)) ?? table.find(({ url: at }) => at === `${prefix}/*`);
    t.ok((own?.budgetMs ?? 0) >= budgetMs + GATEWAY_MARGIN_MS, `${method} ${prefix}${path}: ${own?.budgetMs} ms, the app ${budgetMs}`);
  }
  // Pages without scripts press by the gateway's own calls, none of which confirms a payment (that one is asked again by the page).
  t.ok(PRESS_WAIT_MS > BUDGET_MS && PRESS_BUDGET_MS > PRESS_WAIT_MS && BUDGET_MS + PROXY_MARGIN_MS > PRESS_BUDGET_MS, 'a press of a page without scripts too');
  t.end();
});
