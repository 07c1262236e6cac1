import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { problem, type ProblemCode, type ProblemExtras } from '@onsale/contract';
import { SECOND_MS } from '@onsale/kernel';
import { lastWords } from '@onsale/runtime';

/** Answers a handshake with a problem instead of a WebSocket, and closes. */
export function refuseUpgrade(socket: Duplex, code: ProblemCode, extras: ProblemExtras = {}): void {
  const refusal = problem(code, extras);
  const body = JSON.stringify(refusal);
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
    ...(extras.retryAfterMs === undefined ? [] : [`retry-after: ${Math.max(1, Math.ceil(extras.retryAfterMs / SECOND_MS))}`]),
  ];
  lastWords(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
}
