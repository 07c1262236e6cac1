import { invariant } from '@onsale/kernel';

/**
 * What came with an Idempotency-Key: a mark of the key and a mark of the whole request (method, path, body), both hashes of 22 characters. A key means
 * one request: with another one it is refused, with the same one the answer is given again.
 */
export type KeyedRequest = { readonly key: string; readonly request: string };

/** Keys that a hold remembers: that of the request which made it, and the newest of those that changed it. */
export const REMEMBERED_MAX = 32;

const MARK = /^[\w-]{22}$/;
const entriesOf = (requests: string): string[] => (requests === '' ? [] : requests.split(' '));

/** `requests`: what the thing remembers, `key:request` with spaces between. Callers inside the house have no key: theirs is always new. */
export function recall(requests: string, keyed: KeyedRequest | undefined): 'new' | 'same' | 'other' {
  const known = keyed === undefined ? undefined : entriesOf(requests).find((entry) => entry.startsWith(`${keyed.key}:`));
  if (known === undefined) return 'new';
  return known === `${keyed?.key}:${keyed?.request}` ? 'same' : 'other';
}

export function remember(requests: string, keyed: KeyedRequest | undefined): string {
  if (keyed === undefined || recall(requests, keyed) !== 'new') return requests;
  // They are written into SQL as they are.
  invariant(MARK.test(keyed.key) && MARK.test(keyed.request), 'a mark is 22 characters of base64url');
  const [first, ...later] = [...entriesOf(requests), `${keyed.key}:${keyed.request}`];
  return [first, ...later.slice(1 - REMEMBERED_MAX)].join(' ');
}
