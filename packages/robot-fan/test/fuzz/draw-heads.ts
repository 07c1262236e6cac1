import { pick, randomBelow, type Random } from '@onsale/kernel';

/** One request as bytes (latin1). `answered`: the server has all it needs to answer; without that, it waits or hangs up. */
export type Input = { readonly text: string; readonly answered: boolean };

const METHODS = [
  'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'get', 'FOO', 'CONNECT', 'PRI', 'M-SEARCH', '', 'G ET', 'GET\t',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.1x', 'http/1.1', 'HTTP/11', '', 'ICE/1.0'];
const HEADERS = [
  'Accept', 'Accept-Encoding', 'Accept-Language', 'Authorization', 'Cache-Control', 'Connection', 'Content-Encoding', 'Content-Length',
  'Content-Type', 'Cookie',
  'Date', 'Expect', 'Forwarded', 'Host', 'HTTP2-Settings', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'Keep-Alive', 'Origin', 'Proxy-Authenticate',
  'Proxy-Authorization', 'Proxy-Connection', 'Range', 'Referer', 'Sec-Fetch-Site', 'Sec-WebSocket-Extensions', 'Sec-WebSocket-Key', 'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Version', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'User-Agent', 'Via', 'X-Client-Key', 'X-Forwarded-For', 'X-Forwarded-Host',
  'X-Forwarded-Proto', 'X-Order-Key', 'X-Onsale-Internal', '__proto__', 'constructor', 'X Y', 'X\u0000', '', ':authority', 'x'.repeat(300),
];
const VALUES = [
  '', 'x', '*', '0', '-1', '1e9', '99999999999999999999', 'chunked', 'gzip, chunked', 'chunked, chunked', 'identity', 'trailers', 'close',
  'keep-alive', 'close, x-a, upgrade',
  'upgrade', 'websocket', 'WebSocket', 'h2c', 'h2c, websocket', '100-continue', '200-ok', 'application/json', 'json', 'text/html; q=,;', ';;,,',
  '"', 'W/"', 'Bearer ',
  `Bearer ${'A'.repeat(900)}`, 'Basic OjpA', 'onsale_device=%', 'onsale_device=; ; =', `a=${'b'.repeat(4_000)}`, '127.0.0.1', '::1, 1.2.3.4, unknown', 'null',
  'http://localhost:3000', 'permessage-deflate; client_max_window_bits=99', 'permessage-deflate;;', 'a, b, a', '13', '8', '99',
  'dGhlIHNhbXBsZSBub25jZQ==', 'é\xff',
  'a\u0000b', 'a\u0001b', 'a\rb', 'a\r\n folded', 'a\r\n\tfolded: b', '\u007f', '${jndi:x}', '../..', 'x'.repeat(15_000), 'x'.repeat(17_000), '(',
  'en;q=9', 'bytes=0-,-1',
];
const STEPS = ['..;', '..', '%2e%2e', '.', '//', '%2f', '%5c', '\\', '%00', '%0d%0aX:1', '%', '%zz', '%c0%af', '%ED%95%9C', ';x=1', '?',
  '?a=1&a[]=2&__proto__=3', '#', '\xff',
  'a'.repeat(200), 'x'.repeat(9_000), '*'];
const BODY_BREAKS = [
  'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n', 'Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n',
  'Transfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\nX: y\r\n\r\n',
  'Content-Length: +5\r\n\r\nhello', 'Content-Length: 0x5\r\n\r\nhello', 'Content-Length: 40\r\n\r\n{"half',
  'Transfer-Encoding: chunked\r\n\r\n4\r\n{"ha', 'Content-Length:\r\n\r\n',
];
const SOCKET = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** A head that no library would send: header × value × with an upgrade or without, bad methods, versions and targets, broken bodies. */
export function drawHead(random: Random, paths: readonly string[]): Input {
  const chance = (share: number): boolean => random() < share;
  const method = chance(0.25) ? pick(random, METHODS) : pick(random, ['GET', 'POST']);
  const version = chance(0.06) ? pick(random, VERSIONS) : 'HTTP/1.1';
  const lines = Array.from({ length: 1 + randomBelow(random, 3) }, () => `${pick(random, HEADERS)}${chance(0.04) ? ' ' : ''}: ${pick(random, VALUES)}\r\n`);
  const host = chance(0.95) ? 'Host: a\r\n' : '';
  const start = `${method} ${drawTarget(random, paths)} ${version}\r\n${host}${chance(0.35) ? SOCKET : ''}${lines.join('')}`;
  if (chance(0.06)) return { text: start.slice(0, 1 + randomBelow(random, start.length)), answered: false };
  if (chance(0.08)) return { text: start + pick(random, BODY_BREAKS), answered: false };
  return { text: `${start}\r\n`, answered: !PROMISES_MORE.test(start) };
}

/** A body that does not come, or a handshake that goes on: what is behind it would be taken for it. */
const PROMISES_MORE = /^(content-length|transfer-encoding|expect|upgrade|http2-settings) ?:/im;

function drawTarget(random: Random, paths: readonly string[]): string {
  const path = pick(random, paths);
  const kind = random();
  if (kind < 0.5) return path;
  if (kind < 0.56) return pick(random, ['*', '', 'http://a/', `http://a${path}`, 'a:1', '/', '//', '/..', ' /', '?']);
  const at = randomBelow(random, path.length + 1);
  if (kind < 0.8) return `${path.slice(0, at)}${chanceSlash(random)}${pick(random, STEPS)}${chanceSlash(random)}${path.slice(at)}`;
  // Percent spellings of what is there.
  return [...path].map((sign) => (sign !== '/' && random() < 0.3 ? `%${sign.charCodeAt(0).toString(16)}` : sign)).join('');
}

const chanceSlash = (random: Random): string => (random() < 0.5 ? '/' : '');
