import { pick, randomBelow, type Random } from '@onsale/kernel';
import type { Input } from './draw-heads.ts';

const NONSENSE: readonly string[] = [
  'null', 'true', '0', '-1', '1.5', '1e400', '-0', '9007199254740993', '""', '"x"', '"\\u0000"', '"a\\r\\nb"',
  '"\\ud800"', `"${'x'.repeat(3_000)}"`, '[]', '{}', '[[]]',
  '{"a":1}', '"__proto__"', '{"__proto__":{"x":1}}', '{"constructor":{"prototype":{}}}', '"<script>"', "\"' OR 1=1 --\"", '"ㄱ"', '[1,1]', '[null]',
];
const WHOLES: readonly string[] = [
  '', ' ', 'null', '[]', '"x"', '0', '{', '}', '{"a":', '{"a":1,}', '{"a":1}x', "{'a':1}", '\ufeff{}', '{"a":1,"a":2}', '\u0000', 'a=1&b=2', '<a/>',
  'NaN', '{"__proto__":{"x":1}}',
  '['.repeat(5_000), '{"a":'.repeat(2_000), `${'['.repeat(4_000)}${']'.repeat(4_000)}`, `"${'x'.repeat(17_000)}"`, `{"x":"${'ㄱ'.repeat(4_000)}"}`,
];
const TYPES: readonly string[] = [
  'application/json', 'application/json', 'application/json', 'application/json; charset=utf-8', 'application/json; charset=utf-16', 'json',
  'text/json', 'text/plain',
  'application/x-www-form-urlencoded', 'multipart/form-data', 'multipart/form-data; boundary=', 'application/problem+json',
  'application/octet-stream', ';', 'a/b/c', '*/*',
];
const NAMES: readonly string[] = [
  'clientKey', 'entryToken', 'seats', 'bestAvailable', 'quantity', 'show', 'hold', 'buyer', 'name', 'email', 'password', 'paymentKey', 'orderId',
  'amount', 'cause', 'ratePerMinute',
  'place', 'binding', 'eventType', 'data', 'status', 'cancelReason', 'cancelAmount', 'tossClientKey', 'outcome', 'metadata', 'orderName', 'kind',
  'times', 'advanceMs', '__proto__', 'toString', 'x',
];

export type BodyRoute = { readonly method: string; readonly path: string; readonly headers?: string };

/** A body that fits no schema, or nearly fits one: broken JSON, deep nesting, wrong types, a wrong or no content type, nothing at all. */
export function drawBody(random: Random, routes: readonly BodyRoute[]): Input {
  const { method, path, headers = '' } = pick(random, routes);
  const type = random() < 0.85 ? `Content-Type: ${pick(random, TYPES)}\r\n` : '';
  const encoding = random() < 0.04 ? `Content-Encoding: ${pick(random, ['gzip', 'br', 'x'])}\r\n` : '';
  const body = Buffer.from(drawText(random)).toString('latin1');
  const framing = random() < 0.85 ? `Content-Length: ${body.length}\r\n\r\n${body}` : `Transfer-Encoding: chunked\r\n\r\n${chunked(random, body)}`;
  return { text: `${method} ${path} HTTP/1.1\r\nHost: a\r\n${headers}${type}${encoding}${framing}`, answered: true };
}

function drawText(random: Random): string {
  if (random() < 0.3) return pick(random, WHOLES);
  const members = Array.from({ length: 1 + randomBelow(random, 4) }, () => `"${pick(random, NAMES)}":${drawValue(random, 3)}`);
  const text = `{${members.join(',')}}`;
  return random() < 0.1 ? text.slice(0, randomBelow(random, text.length)) : text;
}

function drawValue(random: Random, depth: number): string {
  if (depth === 0 || random() < 0.7) return pick(random, NONSENSE);
  return random() < 0.5 ? `{"${pick(random, NAMES)}":${drawValue(random, depth - 1)}}` : `[${drawValue(random, depth - 1)},${pick(random, NONSENSE)}]`;
}

function chunked(random: Random, body: string): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const part = body.slice(at, at + 1 + randomBelow(random, 2_000));
    text += `${part.length.toString(16)}\r\n${part}\r\n`;
    at += part.length;
  }
  return `${text}0\r\n\r\n`;
}
