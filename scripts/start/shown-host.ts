import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';

const LOOPBACKS: readonly string[] = ['127.0.0.1', '::1'];

export const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';
export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

type Resolve = (name: string) => Promise<readonly string[]>;
const addressesOf: Resolve = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/**
 * What a person types, and what a page is told: localhost at home, but only where this machine means by it the address that we listen on (some
 * know localhost by IPv4 or IPv6 alone); where all addresses are open, the machine's own in its network.
 */
export async function shownHost(host: string, resolve: Resolve = addressesOf): Promise<string> {
  if (isEverywhere(host)) return networkAddresses()[0] ?? 'localhost';
  if (!LOOPBACKS.includes(host)) return bracketed(host);
  const meant = await resolve('localhost').catch((): readonly string[] => []);
  return meant.includes(host) ? 'localhost' : bracketed(host);
}

export const networkAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
  );
