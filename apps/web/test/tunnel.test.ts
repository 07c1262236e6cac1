import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { until } from '@onsale/testing';
import t from 'tap';
import { WebSocketServer } from 'ws';
import { startGateway } from './fake/gateway.ts';

/** An app that sends a client more than it and every buffer on the way can hold, and then ends it, as apps end slow readers. */
const server = createServer();
const wss = new WebSocketServer({ server, perMessageDeflate: false });
let open = 0;
/** Nothing has moved for so long. */
const FULL_MS = 500;
wss.on('connection', (socket, request) => {
  open += 1;
  socket.on('error', () => undefined).on('close', () => (open -= 1));
  if (request.url?.includes('flood') !== true) return;
  for (let n = 0; n < 300; n += 1) socket.send(Buffer.alloc(100_000));
  // Once every buffer on the way is full; before, the gateway would still be reading and see the end.
  let [left, since] = [Infinity, performance.now()];
  const look = setInterval(() => {
    if (socket.bufferedAmount !== left) [left, since] = [socket.bufferedAmount, performance.now()];
    else if (performance.now() - since >= FULL_MS) socket.terminate();
  }, 50);
  socket.on('close', () => clearInterval(look));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
t.teardown(() => {
  wss.close();
  server.close();
});
const HANDSHAKE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const opened = async (port: number, path: string): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(`GET /api/admission/${path} HTTP/1.1\r\nHost: a\r\n${HANDSHAKE}\r\n`);
  await once(socket, 'readable');
  return socket;
};
const gatewayThatWaits = (stalledMs: number) =>
  startGateway({ admission: address, booking: address, socketLimits: { socketsMax: 10, handshakeMs: 2_000, stalledMs } });
const socketsOf = async ({ app }: Awaited<ReturnType<typeof gatewayThatWaits>>): Promise<number> =>
  Number(/^onsale_gateway_sockets(?:\{.*\})? (\d+)/m.exec((await app.inside.inject('/metrics')).body)?.[1]);

t.test('a client that reads nothing is ended after a while; one that has nothing to read is not; control: without the look it stays', async (t) => {
  const [looking, blind] = [await gatewayThatWaits(2_000), await gatewayThatWaits(600_000)];
  const stalled: Socket[] = [];
  for (const { url } of [looking, blind]) stalled.push(await opened(Number(new URL(url).port), 'flood'));
  const quiet = await opened(Number(new URL(looking.url).port), 'quiet');
  await until('the app has ended both', () => open === 1);
  await until('the gateway has ended the one that reads nothing', async () => (await socketsOf(looking)) === 1);
  t.equal(await socketsOf(blind), 1, 'which would stay although the app is done with it');
  t.notOk(quiet.destroyed);
  for (const socket of [...stalled, quiet]) socket.destroy();
  await Promise.all([looking.app.close(), blind.app.close()]);
});
