import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A TCP proxy in front of a server that goes away on command.
 *
 *   through ── cut: connections break, new ones are refused · hang: bytes stop, nothing breaks ──► heal ──► through
 */
export type FaultProxy = { readonly port: number; cut(): void; hang(): void; heal(): void; close(): Promise<void> };

export async function startFaultProxy(host: string, port: number): Promise<FaultProxy> {
  let state: 'through' | 'cut' | 'hanging' = 'through';
  const pairs = new Set<readonly [Socket, Socket]>();
  const breakAll = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  const server = createServer((client) => {
    if (state === 'cut') return client.destroy();
    const upstream = connect(port, host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      from.on('data', (bytes) => state === 'hanging' || to.write(bytes));
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut';
      breakAll();
    },
    hang() { state = 'hanging'; },
    heal() {
      // What was swallowed meanwhile is lost: those connections are of no use.
      if (state === 'hanging') breakAll();
      state = 'through';
    },
    close: () => {
      breakAll();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
