import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a write may come from this page. A browser names the origin of every write; one that is not ours is refused whatever it carries.
 * A request without Origin that carries cookies must prove by Sec-Fetch-Site that it is not another site's (old or odd clients that carry
 * cookies and prove nothing are refused). Programs carry no cookies and pass.
 */
export function originAllowed(headers: IncomingHttpHeaders, allowed: ReadonlySet<string>): boolean {
  const { origin } = headers;
  if (origin !== undefined) return allowed.has(origin);
  if (headers.cookie === undefined) return true;
  const site = headers['sec-fetch-site'];
  return site === 'same-origin' || site === 'none';
}

export const isWrite = (method: string): boolean => method === 'POST' || method === 'PUT' || method === 'PATCH' || method === 'DELETE';
