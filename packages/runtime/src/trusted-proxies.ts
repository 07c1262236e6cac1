import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';

/**
 * Whose word about the client is believed: at most `hops` proxies in a row, each inside one of `networks` (CIDR, addresses, or `loopback`,
 * `linklocal`, `uniquelocal`). Both are needed. A count alone lets whoever reaches us directly name any address (which is why Fastify trusts
 * nobody when it is given a number); a list alone believes a client inside one of the networks.
 */
export type TrustedProxies = { readonly hops: number; readonly networks: readonly string[] };
export const NO_PROXIES: TrustedProxies = { hops: 0, networks: [] };

/** `address` is a peer's own, or the one that the proxy before it named; `hop` counts from 0, the peer. */
export type Trust = (address: string, hop: number) => boolean;

/** Throws on a network that is none. */
export function trustOf({ hops, networks }: TrustedProxies): Trust {
  if (networks.length === 0) return () => false;
  const inside = proxyAddr.compile([...networks]);
  return (address, hop) => hop < hops && inside(address, hop);
}

/** Whether the peer itself is a proxy of ours, so that its other words (X-Forwarded-Host, X-Forwarded-Proto) count too. */
export const isFromProxy = (request: Forwarded, trust: Trust): boolean => trust(request.socket.remoteAddress ?? '', 0);

type Forwarded = Pick<IncomingMessage, 'headers' | 'socket'>;

/** The client's address: the first one, seen from us, that is not a trusted proxy's. What is no address is skipped. */
export function addressOf(request: Forwarded, trust: Trust): string {
  return proxyAddr.all(request as IncomingMessage, trust).findLast((address) => isIP(address ?? '') !== 0) ?? '';
}
