import type { Duplex } from 'node:stream';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { until } from '@onsale/testing';
import t from 'tap';
import { buildServer, connectionLimits, createLogger, createMetrics, type ConnectionLimits, type TrustedProxies } from '../src/index.ts';
import { answerUpgrades } from '../src/upgrades.ts';

const THIS_MACHINE = '127.0.0.1';
const [STRANGER, NEIGHBOUR, PROXY] = ['127.0.0.9', '127.0.0.10', '127.0.0.11'];
const GET = 'GET /here HTTP/1.1\r\nHost: a\r\n\r\n';
const UPGRADE = 'GET /here HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

async function serverWith(connections: ConnectionLimits, trustedProxies: TrustedProxies = { hops: 0, networks: [] }) {
  let [served, upgraded] = [0, 0];
  const passedOn: Duplex[] = [];
  const app = await buildServer({
    name: 'test', logger: createLogger({ name: 'test', level: 'silent' }), metrics: createMetrics('test'), publicOrigins: [], connections, trustedProxies,
  });
  app.get('/here', async () => ({ served: (served += 1) }));
  answerUpgrades(app.server, (_request, socket) => {
    upgraded += 1;
    passedOn.push(socket);
    socket.resume().write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  }, () => undefined);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  const from = (localAddress: string, text = ''): { socket: Socket; heard(): string } => {
    let heard = '';
    const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined).on('data', (bytes) => (heard += bytes.toString()));
    if (text !== '') socket.write(text);
    sockets.push(socket);
    return { socket, heard: () => heard };
  };
  const close = async (): Promise<void> => {
    for (const socket of [...sockets, ...passedOn]) socket.destroy();
    await app.close();
  };
  return { from, close, served: () => served, upgraded: () => upgraded };
}

t.test('past its bound a source is refused by 503, whatever it asks, also when it says nothing; those inside and others are served', async (t) => {
  const server = await serverWith({ perSource: 3, all: 100 });
  const inside = [server.from(STRANGER, GET), server.from(STRANGER, GET), server.from(STRANGER, UPGRADE)];
  await until('three are inside', () => inside.every(({ heard }) => / (200|101) /.test(heard())));
  const [late, upgrade, silent] = [server.from(STRANGER, GET), server.from(STRANGER, UPGRADE), server.from(STRANGER)];
  await until('the fourth is refused', () => late.heard().startsWith('HTTP/1.1 503') && late.socket.closed);
  t.match(late.heard(), /retry-after: 5/i);
  await until('so is a handshake', () => upgrade.heard().startsWith('HTTP/1.1 503') && upgrade.socket.closed);
  await until('so is who says nothing', () => silent.heard().startsWith('HTTP/1.1 503') && silent.socket.closed);
  t.same([server.served(), server.upgraded()], [2, 1], 'nothing was done for them');
  const neighbour = server.from(NEIGHBOUR, GET);
  await until('a neighbour is served', () => neighbour.heard().startsWith('HTTP/1.1 200'));
  inside[0]?.socket.write(GET);
  await until('those inside are served on', () => server.served() === 4);
  t.ok(inside.every(({ socket }) => !socket.destroyed));
  inside[1]?.socket.destroy();
  await until('a place that is free again is given', async () => {
    const next = server.from(STRANGER, GET);
    await until('an answer', () => next.heard() !== '');
    return next.heard().startsWith('HTTP/1.1 200');
  });
  await server.close();
});

t.test('proxies of ours and this machine carry everybody: all together is their bound. Control: a proxy that is not trusted has a source’s', async (t) => {
  for (const [address, trusted, last] of [[PROXY, true, 200], [THIS_MACHINE, false, 200], [PROXY, false, 503]] as const) {
    const server = await serverWith({ perSource: 2, all: 4 }, trusted ? { hops: 1, networks: [PROXY] } : undefined);
    const four = Array.from({ length: 4 }, () => server.from(address, GET));
    await until('all are answered', () => four.every(({ heard }) => heard() !== ''));
    t.equal(Math.max(...four.map(({ heard }) => Number(heard().slice(9, 12)))), last, `${address} ${trusted ? 'trusted' : ''}`);
    const fifth = server.from(address, GET);
    await until('past all of them', () => fifth.heard().startsWith('HTTP/1.1 503'));
    await server.close();
  }
});

t.test('the bounds follow from the limit of open files', async (t) => {
  t.same(connectionLimits(20_000), { all: 18_976, perSource: 4_744 });
  t.same(connectionLimits(20_000, 2), { all: 9_488, perSource: 2_372 });
  t.same(connectionLimits(1_000_000), { all: 60_000, perSource: 15_000 });
});
