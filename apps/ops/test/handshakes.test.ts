import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import websocket from '@fastify/websocket';
import { buildServer, createLogger, createMetrics, endUnanswered, SOCKET_OPTIONS, type OnsaleServer } from '@onsale/runtime';
import t, { type Test } from 'tap';

const WITHIN_MS = 300;
const HANDSHAKE = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
type Faults = { readonly websocketServer: { on(event: 'headers', listener: () => void): void } };

/** Its handshakes throw where the plugin lets nobody answer: `routed`, before any hook; `answered`, when the reply is being written. */
async function open(t: Test, fault: 'routed' | 'answered' | 'none', serve: (app: OnsaleServer) => PromiseLike<unknown>): Promise<() => Promise<Socket>> {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const app = await buildServer({ name: 'test', logger, metrics: createMetrics('test'), publicOrigins: [] });
  t.teardown(() => app.close());
  // What nobody ends would keep the server from closing.
  app.server.on('connection', (socket) => t.teardown(() => socket.destroy()));
  if (fault === 'routed') Object.defineProperty(app, 'routing', { value: () => { throw new Error('a bug'); } });
  await serve(app);
  app.get('/socket', { websocket: true }, () => undefined);
  if (fault === 'answered') (app as unknown as Faults).websocketServer.on('headers', () => { throw new Error('a bug'); });
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  return async () => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    t.teardown(() => socket.destroy());
    socket.write(`GET /socket HTTP/1.1\r\n${HANDSHAKE}\r\n`);
    return socket.resume();
  };
}

const pluginAlone = (app: OnsaleServer) => app.register(websocket, { options: SOCKET_OPTIONS });
const ours = (app: OnsaleServer) => {
  endUnanswered(app.server, WITHIN_MS);
  return pluginAlone(app);
};

for (const fault of ['routed', 'answered'] as const)
  t.test(`a handshake that throws while it is ${fault} is ended; control: with the plugin alone it stays open`, async (t) => {
    const blind = await (await open(t, fault, pluginAlone))();
    const handshake = await open(t, fault, ours);
    // Three times the limit, for the control as well.
    for (let n = 0; n < 3; n += 1) await once(await handshake(), 'close');
    t.notOk(blind.destroyed, 'negative control');
    t.equal(blind.bytesRead, 0, 'and nothing was ever said on it');
  });

t.test('a connection that was upgraded is not ended by it, however silent', async (t) => {
  const socket = await (await open(t, 'none', ours))();
  await once(socket, 'data');
  const failing = await open(t, 'answered', ours);
  for (let n = 0; n < 3; n += 1) await once(await failing(), 'close');
  t.notOk(socket.destroyed);
});
