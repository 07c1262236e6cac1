import type { IncomingHttpHeaders } from 'node:http';

/**
 * Headers that concern two neighbours only (RFC 9110 §7.6.1, and old ones that clients still send): they end here, in both directions, for
 * requests and for sockets. Some of them make the client of the apps throw, others would speak for a connection that is not theirs.
 */
export const HOP_BY_HOP: readonly string[] = [
  'connection', 'expect', 'http2-settings', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer',
  'transfer-encoding', 'upgrade',
];
const ENDS_HERE: ReadonlySet<string> = new Set(HOP_BY_HOP);

/** The headers that go on to the other side: those that are not hop-by-hop and that `Connection` does not name. */
export function endToEnd(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = namedBy([headers.connection ?? []].flat().join(','));
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !ENDS_HERE.has(name) && !named.has(name)) kept[name] = value;
  }
  return kept;
}

const namedBy = (connection: string): ReadonlySet<string> => new Set(connection.toLowerCase().split(',').map((name) => name.trim()));

/**
 * Whether a path leads where it says it leads, however it is spelled: `..` behind a slash of either kind, with parameters behind it (`..;`) or
 * half of it encoded, is nobody's address; nor is what does not decode or holds a control character.
 */
export function staysInside(url: string): boolean {
  try {
    const path = decodeURIComponent(url.split('?', 1)[0] as string);
    return path.startsWith('/') && !CLIMBS.test(path);
  } catch {
    return false;
  }
}

const CLIMBS = /[\\/]\.\.|\.\.[\\/]|[\u0000-\u001f\u007f]/;
