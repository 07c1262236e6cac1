import { request as httpRequest, type Agent, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { addressOf, answerUpgrades, isFromProxy, lastWords, type Trust } from '@onsale/runtime';
import { endToEnd, staysInside } from './end-to-end.ts';

/**
 * WebSockets pass through as bytes: the gateway takes part in the handshake only and then joins the two TCP streams.
 *
 *   upgrade ──(prefix known, below the limit)──► handshake with the app ──101──► bytes both ways ──► either end closes both
 *      └─ else 404 / 503                             └─ any other answer is passed on, then closed
 *
 * Guarantees: a ping of the app is answered by the fan's own browser, never by the gateway, so a pong is a sign of the
 * fan's life; a slow phone holds the app's stream back, so the app sees the backlog that it bounds; close codes arrive
 * unchanged. A proxy that speaks WebSocket itself breaks all three and costs a parse per frame and fan.
 */
export type SocketRoute = { readonly prefix: string; readonly upstream: (path: string) => string };
export type SocketLimits = { readonly socketsMax: number; readonly handshakeMs: number; readonly stalledMs: number };
export const SOCKET_LIMITS: SocketLimits = { socketsMax: 60_000, handshakeMs: 5_000, stalledMs: 20_000 };
const LOOKS_PER_STALL = 4;

/** What the gateway says in its own words: the handshake, which has no body, and who the client is. */
const OWN_WORDS = ['content-length', 'forwarded', 'host'];

export type SocketTunnel = { readonly open: () => number; readonly close: () => void };

export function tunnelSockets(
  server: Server, routes: readonly SocketRoute[], limits: SocketLimits, edge: Edge, onError: (error: unknown) => void,
): SocketTunnel {
  const live = new Map<Duplex, Reading>();
  const looking = setInterval(() => endStalled(live, performance.now(), limits.stalledMs), limits.stalledMs / LOOKS_PER_STALL).unref();
  const answer = (request: IncomingMessage, client: Duplex, head: Buffer): void => {
    const path = request.url ?? '/';
    const route = staysInside(path) ? routes.find(({ prefix }) => path.startsWith(prefix)) : undefined;
    if (route === undefined || request.headers.upgrade?.toLowerCase() !== 'websocket') return refuseUpgrade(client, '404 Not Found');
    if (live.size >= limits.socketsMax) return refuseUpgrade(client, '503 Service Unavailable');
    live.set(client, { taken: 0, sinceMs: performance.now() });
    client.once('close', () => live.delete(client));
    connect(request, client, head, new URL(path, route.upstream(path)), limits, edge);
  };
  answerUpgrades(server, answer, onError);
  return {
    open: () => live.size,
    close: () => {
      clearInterval(looking);
      for (const client of live.keys()) client.destroy();
    },
  };
}

/** How much a client had taken in all when it last took anything. */
type Reading = { taken: number; sinceMs: number };

/**
 * Who takes nothing of what waits for it is ended. While it waits, the app's stream is held back and its end is not seen either: the app, which ends
 * a slow reader by itself, would leave both connections here for ever.
 */
function endStalled(live: ReadonlyMap<Duplex, Reading>, nowMs: number, stalledMs: number): void {
  for (const [client, reading] of live) {
    const taken = ((client as Partial<Socket>).bytesWritten ?? 0) - client.writableLength;
    if (client.writableLength === 0 || taken !== reading.taken) Object.assign(reading, { taken, sinceMs: nowMs });
    else if (nowMs - reading.sinceMs >= stalledMs) client.destroy();
  }
}

function refuseUpgrade(client: Duplex, status: string): void {
  lastWords(client, `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${status.startsWith('503') ? 'Retry-After: 5\r\n' : ''}\r\n`);
}

function connect(request: IncomingMessage, client: Duplex, head: Buffer, target: URL, limits: SocketLimits, edge: Edge): void {
  const headers = { ...endToEnd(request.headers), ...forwarded(request, edge), connection: 'Upgrade', upgrade: 'websocket' };
  for (const name of OWN_WORDS) delete (headers as Record<string, unknown>)[name];
  const handshake = httpRequest(target, { headers, agent: false as unknown as Agent, timeout: limits.handshakeMs });
  client.once('close', () => handshake.destroy());
  handshake.once('timeout', () => handshake.destroy(new Error('handshake timed out')));
  handshake.on('error', () => {
    if (!client.destroyed) refuseUpgrade(client, '503 Service Unavailable');
  });
  handshake.once('response', (response) => {
    // No WebSocket after all: the status is enough, the fan's page falls back to polling.
    response.on('error', () => undefined).resume();
    refuseUpgrade(client, `${response.statusCode ?? 502} ${response.statusMessage ?? ''}`);
  });
  handshake.once('upgrade', (response, upstream, upstreamHead) => join(client, head, response, upstream, upstreamHead));
  handshake.end();
}

function join(client: Duplex, head: Buffer, response: IncomingMessage, upstream: Socket | Duplex, upstreamHead: Buffer): void {
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let at = 0; at < response.rawHeaders.length; at += 2) lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`);
  client.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (upstreamHead.length > 0) client.write(upstreamHead);
  if (head.length > 0) upstream.write(head);
  for (const end of [client, upstream]) {
    const stream = end as Partial<Socket>;
    stream.setTimeout?.(0);
    stream.setNoDelay?.(true);
    stream.setKeepAlive?.(true, 60_000);
  }
  upstream.on('error', () => upstream.destroy());
  upstream.once('close', () => client.destroy());
  client.once('close', () => upstream.destroy());
  client.pipe(upstream);
  upstream.pipe(client);
}

/** What stands in front of the gateway: which proxies' word about the client is believed, and whether fans come by TLS. */
export type Edge = { readonly trust: Trust; readonly secure: boolean };

/**
 * Who the client is, in the gateway's words: one address, whatever chain it came by, so that an app believes one proxy and no more, be it
 * this one or the one in front. Without a trusted proxy in front, whatever the client claimed is dropped.
 */
export function forwarded(request: IncomingMessage, { trust, secure }: Edge): Record<string, string> {
  const told = (name: string): string | undefined => (isFromProxy(request, trust) ? lastOf(request.headers[name]) : undefined);
  return {
    'x-forwarded-for': addressOf(request, trust),
    'x-forwarded-host': told('x-forwarded-host') ?? request.headers.host ?? '',
    'x-forwarded-proto': told('x-forwarded-proto') ?? (secure ? 'https' : 'http'),
  };
}

/** What the proxy nearest to us said. */
const lastOf = (header: string | string[] | undefined): string | undefined => [header ?? []].flat().join(',').split(',').at(-1)?.trim() || undefined;
