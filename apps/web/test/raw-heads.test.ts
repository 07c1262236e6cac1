import { createServer } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { answerUpgrades } from '@onsale/runtime';
import { endToEnd, HOP_BY_HOP, staysInside } from '../src/gateway/end-to-end.ts';
import { FakeRoom } from './fake/admission.ts';
import { startGateway } from './fake/gateway.ts';

const room = new FakeRoom();
const { app, url } = await startGateway({ admission: await room.start(), booking: 'http://127.0.0.1:9' });
t.teardown(async () => {
  await app.close();
  await room.stop();
});

/** The first line of the answer to a head as no library would send it. */
async function answerTo(port: number, head: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    if (text.includes('\r\n')) socket.destroy();
  });
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await once(socket, 'close');
  return text.split('\r\n', 1)[0] as string;
}
const port = Number(new URL(url).port);
const SOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];

t.test('no header kills the gateway, with an upgrade or without', async (t) => {
  const values = ['x', 'trailers', '100-continue', 'chunked', 'close, x-a', ',', '', 'h2c', '\xff\xfe', '0'];
  for (const name of [...HOP_BY_HOP, 'forwarded', 'host', 'content-length', '__proto__', 'sec-websocket-key', 'x-forwarded-for'])
    for (const value of values) {
      const own = [`GET /api/admission/rooms/demo/socket HTTP/1.1`, 'Host: a'];
      for (const upgrade of [[], SOCKET]) {
        const line = await answerTo(port, [...own, ...upgrade, `${name}: ${value}`]);
        t.notMatch(line, / 500 /, `${name}: ${value}`);
      }
    }
  t.equal((await fetch(`${url}/rooms/demo`)).status, 200);
});

t.test('a socket is passed on with its own headers and without those of the connection', async (t) => {
  const head = ['GET /api/admission/rooms/demo/socket HTTP/1.1', 'Host: fan.example', ...SOCKET, 'Trailer: x', 'TE: trailers', 'Cookie: a=1'];
  t.match(await answerTo(port, head), /101 Switching/);
  const passed = room.requests.findLast(({ method }) => method === 'UPGRADE')?.headers ?? {};
  t.equal(passed.cookie, 'a=1');
  t.equal(passed.trailer, undefined);
  t.equal(passed.te, undefined);
  t.equal(passed['x-forwarded-host'], 'fan.example');
});

t.test('a path that climbs is nobody’s, for requests and for sockets', async (t) => {
  const climbing = ['..', '%2e%2e', '..;', '..;x=1', '.%2e', 'x/../..', '..%2f..', '..%5cx', '%5c..', 'a%00b', 'a%0d%0ab', '%zz', '..%c0%af'];
  for (const path of climbing) {
    t.notOk(staysInside(`/api/admission/${path}`), path);
    for (const upgrade of [[], SOCKET]) {
      const line = await answerTo(port, [`GET /api/admission/${path}/echo-headers HTTP/1.1`, 'Host: a', ...upgrade]);
      t.match(line, / (404|400) /, `${path} ${upgrade.length > 0 ? 'as a socket' : ''}`);
    }
  }
  for (const path of ['/api/admission/rooms/demo/socket', '/api/admission/a...b', '/api/admission/x?y=../..']) t.ok(staysInside(path), path);
});

t.test('end to end: neither what is hop-by-hop nor what Connection names', async (t) => {
  const given = { connection: 'Upgrade, X-Own', 'x-own': '1', upgrade: 'websocket', cookie: 'a=1', 'set-cookie': ['b'] };
  t.same(endToEnd(given), { cookie: 'a=1', 'set-cookie': ['b'] });
});

t.test('what an upgrade throws ends its own connection, and is told once', async (t) => {
  const told: unknown[] = [];
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  answerUpgrades(server, () => { throw new Error('a bug'); }, (error) => told.push(error));
  const at = (server.address() as { port: number }).port;
  for (let n = 0; n < 3; n += 1) t.match(await answerTo(at, ['GET / HTTP/1.1', 'Host: a', ...SOCKET]), /400/);
  t.equal(told.length, 1);
  server.close();
});
