import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { sourceOf, type Source } from '@onsale/kernel';
import { socketsWithin } from './descriptors.ts';
import { lastWords } from './last-words.ts';
import type { Trust } from './trusted-proxies.ts';

/**
 * Connections of one listener, by source and all together. Past a bound the newcomer is refused by 503, with its first request or after a moment
 * of silence, and nobody inside is touched. Proxies of ours carry everybody and are counted among all alone; so is this machine itself.
 */
export type ConnectionLimits = { readonly perSource: number; readonly all: number };

/** What one source may take of what all may: an address can carry an office or a carrier, and three more of them still find room. */
const SOURCE_SHARE = 1 / 4;
const CONNECTIONS_MAX = 60_000;
const SILENT_MS = 1_000;
/**
 * Connections that the kernel has made and nobody has taken yet: a crowd comes within one turn of the event loop, and who finds no room here tries again
 * only a second later. The kernel's own bound (somaxconn, 4,096 on Linux) holds too.
 */
export const BACKLOG = 8_192;
const THIS_MACHINE: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** By the limit of open files, with `each` descriptors a connection. */
export function connectionLimits(descriptors: number, each = 1): ConnectionLimits {
  const all = socketsWithin(descriptors, each, CONNECTIONS_MAX);
  return { all, perSource: Math.max(1, Math.floor(all * SOURCE_SHARE)) };
}

const refused = new WeakSet<object>();
/** Whether the connection is past a bound: whatever it asks is answered with 503. */
export const isPastBound = (connection: object): boolean => refused.has(connection);
export const PAST_BOUND = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 5\r\n\r\n';

export function boundConnections(server: Server, limits: ConnectionLimits, trust: Trust): { readonly open: () => number } {
  const bySource = new Map<Source, number>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const source = THIS_MACHINE.has(address) || trust(address, 0) ? undefined : sourceOf(address);
    const mine = source === undefined ? 0 : (bySource.get(source) ?? 0);
    if (open >= limits.all || mine >= limits.perSource) return refuse(socket);
    open += 1;
    if (source !== undefined) bySource.set(source, mine + 1);
    socket.once('close', () => {
      open -= 1;
      if (source === undefined) return;
      const left = (bySource.get(source) ?? 1) - 1;
      if (left === 0) bySource.delete(source);
      else bySource.set(source, left);
    });
  });
  return { open: () => open };
}

function refuse(socket: Socket): void {
  refused.add(socket);
  const patience = setTimeout(() => lastWords(socket, PAST_BOUND), SILENT_MS).unref();
  socket.once('close', () => clearTimeout(patience));
}
