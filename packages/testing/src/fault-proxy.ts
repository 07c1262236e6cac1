import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from './test-context.ts';

/**
 * A TCP proxy that fails on command, between a client and a real server: what no mock shows is what the client does when the line dies in
 * mid-answer.
 *
 *   through ── delay(ms) ──► through, later ── cut ──► connections reset, new ones pass
 *      ├── refuse ──► new connections reset          ├── freeze ──► nothing passes, nothing closes ── thaw ──► through
 *      ├── moveTo(other) ──► connections reset, new ones reach the other server      ├── leadTo(other) ──► the same for new ones only
 *      └── dropAfter(n, direction) ──► n more bytes pass that way, then the connection they passed on is reset
 *   any ── heal ──► through
 */
export type FaultProxy = {
  readonly host: string;
  readonly port: number;
  /** `url` with the proxy's address in place of the server's. */
  through(url: string): string;
  /** Resets every connection there is. */
  cut(): void;
  /** Resets every connection there is; new ones reach another server, as after a failover behind one address. */
  moveTo(target: string): void;
  /** New connections reach another server, those there are stay: a failover that nobody tells the clients of. */
  leadTo(target: string): void;
  /** Resets every connection there is and every new one. */
  refuse(): void;
  /** Nothing passes and nothing is closed: a network that swallows packets. */
  freeze(): void;
  thaw(): void;
  /** Each piece waits this long, in both directions, in order. */
  delay(ms: number): void;
  /** After `bytes` more bytes in the direction, the connection that carried them is reset. Once. */
  dropAfter(bytes: number, direction: Direction): void;
  /** Ends every fault; connections that were reset stay so. */
  heal(): void;
  readonly connections: number;
  readonly bytes: { readonly toServer: number; readonly toClient: number };
};
export type Direction = 'to-server' | 'to-client';

type Pair = { readonly client: Socket; readonly server: Socket };
type Faults = { refusing: boolean; frozen: boolean; delayMs: number; drop: { left: number; direction: Direction } | undefined };

/** `target`: a URL whose host and port are the server's, or `host:port`. */
export async function faultProxy(t: TestContext, target: string): Promise<FaultProxy> {
  let { hostname, port } = serverOf(target);
  const faults: Faults = { refusing: false, frozen: false, delayMs: 0, drop: undefined };
  const bytes = { toServer: 0, toClient: 0 };
  const pairs = new Set<Pair>();
  const listener = createServer((client) => {
    if (faults.refusing) return reset(client);
    const server = connect(Number(port), hostname);
    const pair = { client, server };
    pairs.add(pair);
    for (const socket of [client, server]) socket.on('error', () => undefined).on('close', () => { pairs.delete(pair); reset(client); reset(server); });
    pump(pair, 'to-server', faults, bytes);
    pump(pair, 'to-client', faults, bytes);
  });
  await new Promise<void>((listening) => { listener.listen(0, '127.0.0.1', listening); });
  const cut = (): void => { for (const pair of pairs) resetPair(pair); };
  const frozen = (value: boolean): void => {
    faults.frozen = value;
    for (const { client, server } of pairs) for (const socket of [client, server]) value ? socket.pause() : socket.resume();
  };
  t.teardown(() => close(listener, cut));
  const address = listener.address() as AddressInfo;
  return {
    host: address.address, port: address.port, bytes, cut,
    through: (url) => { const changed = new URL(url); changed.host = `${address.address}:${address.port}`; return changed.href; },
    moveTo: (other) => { ({ hostname, port } = serverOf(other)); cut(); },
    leadTo: (other) => { ({ hostname, port } = serverOf(other)); },
    refuse: () => { faults.refusing = true; cut(); },
    freeze: () => frozen(true),
    thaw: () => frozen(false),
    delay: (ms) => { faults.delayMs = ms; },
    dropAfter: (left, direction) => { faults.drop = { left, direction }; },
    heal: () => { faults.refusing = false; faults.delayMs = 0; faults.drop = undefined; frozen(false); },
    get connections() { return pairs.size; },
  };
}

const serverOf = (target: string): URL => new URL(target.includes('://') ? target : `tcp://${target}`);

function pump(pair: Pair, direction: Direction, faults: Faults, bytes: { toServer: number; toClient: number }): void {
  const [from, to] = direction === 'to-server' ? [pair.client, pair.server] : [pair.server, pair.client];
  let last = Promise.resolve();
  const pass = (piece: Buffer): void => {
    bytes[direction === 'to-server' ? 'toServer' : 'toClient'] += piece.length;
    if (!to.destroyed) to.write(piece);
  };
  if (faults.frozen) from.pause();
  from.on('data', (piece: Buffer) => {
    const { drop } = faults;
    if (drop !== undefined && drop.direction === direction) {
      if (piece.length >= drop.left) {
        faults.drop = undefined;
        pass(piece.subarray(0, drop.left));
        to.end(() => resetPair(pair));
        return;
      }
      drop.left -= piece.length;
    }
    if (faults.delayMs === 0) return pass(piece);
    const until = faults.delayMs;
    const waited = new Promise<void>((over) => { setTimeout(over, until); });
    last = last.then(() => waited).then(() => pass(piece));
  });
}

const reset = (socket: Socket): void => { if (!socket.destroyed) socket.resetAndDestroy(); };
const resetPair = ({ client, server }: Pair): void => { reset(client); reset(server); };

const close = (listener: Server, cut: () => void): Promise<void> =>
  new Promise((closed) => {
    listener.close(() => closed());
    cut();
  });
