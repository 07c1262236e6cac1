/** Whom a limiter counts: one IPv4 address, or one IPv6 network of 64 bits, which is the least that one subscriber gets. */
export type Source = string;

/** What is no address counts as one source together: a proxy that we trust wrote it, or nobody did. */
export const UNKNOWN_SOURCE: Source = 'unknown';

const COUNTED_WORDS = 4;

/** The source of an address; every spelling of one address gives the same. An IPv4 address inside IPv6 (`::ffff:a.b.c.d`) counts as itself. */
export function sourceOf(address: string): Source {
  if (!address.includes(':')) return ipv4Of(address)?.join('.') ?? UNKNOWN_SOURCE;
  const words = ipv6Of(address.split('%', 1)[0] as string);
  if (words === undefined) return UNKNOWN_SOURCE;
  const isMapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
  if (isMapped) return words.slice(6).flatMap((word) => [word >> 8, word & 0xff]).join('.');
  return `${words.slice(0, COUNTED_WORDS).map((word) => word.toString(16)).join(':')}::/64`;
}

function ipv4Of(text: string): number[] | undefined {
  const bytes = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) ? text.split('.').map(Number) : [];
  return bytes.length === 4 && bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** The eight words of RFC 4291 §2.2, whichever way they were written. */
function ipv6Of(text: string): number[] | undefined {
  const [front = '', back, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  // Only the very end may be written as IPv4.
  const head = wordsOf(front, back === undefined);
  const tail = back === undefined ? [] : wordsOf(back, true);
  if (head === undefined || tail === undefined) return undefined;
  const left = 8 - head.length - tail.length;
  if (back === undefined ? left !== 0 : left < 1) return undefined;
  return [...head, ...Array.from({ length: left }, () => 0), ...tail];
}

function wordsOf(part: string, isEnd: boolean): number[] | undefined {
  if (part === '') return [];
  const words: number[] = [];
  const groups = part.split(':');
  for (const [at, group] of groups.entries()) {
    const bytes = isEnd && at === groups.length - 1 ? ipv4Of(group) : undefined;
    if (bytes !== undefined) words.push(((bytes[0] as number) << 8) | (bytes[1] as number), ((bytes[2] as number) << 8) | (bytes[3] as number));
    else if (/^[0-9a-f]{1,4}$/i.test(group)) words.push(parseInt(group, 16));
    else return undefined;
  }
  return words;
}
