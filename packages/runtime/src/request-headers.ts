import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import stringify from 'safe-stable-stringify';
import { IDEMPOTENCY_KEY_PATTERN, ProblemError } from '@onsale/contract';

const IDEMPOTENCY_KEY = new RegExp(IDEMPOTENCY_KEY_PATTERN);

/**
 * What an Idempotency-Key means: the client's key for the thing to be made, and marks of it and of the whole request. Whoever makes the thing keeps the
 * mark of the request beside it and refuses the key with another one (`key-reused`).
 */
export type Idempotency = { readonly key: string; readonly keyMark: string; readonly request: string };

/** Throws ProblemError. A body that is absent and one without members are the same request. */
export function idempotencyOf(request: FastifyRequest): Idempotency {
  const key = idempotencyKeyOf(request);
  const { method, routeOptions, params, body } = request;
  return { key, keyMark: markOf(key), request: markOf(stringify([method, routeOptions.url, params, body ?? {}]) ?? '') };
}
const markOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);

/** Quotes, as in RFC 8941 strings, are taken off. */
function idempotencyKeyOf(request: FastifyRequest): string {
  const header = request.headers['idempotency-key'];
  if (typeof header !== 'string' || header === '') throw new ProblemError('idempotency-key-missing');
  const key = header.startsWith('"') && header.endsWith('"') ? header.slice(1, -1) : header;
  if (IDEMPOTENCY_KEY.test(key)) return key;
  throw new ProblemError('idempotency-key-missing', { detail: 'The Idempotency-Key header is 8 to 64 characters of A–Z, a–z, 0–9, - and _.' });
}

/** The credential of `Authorization: Bearer …`, or undefined. */
export function bearerOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  return header !== undefined && header.length > 7 && header.slice(0, 7).toLowerCase() === 'bearer ' ? header.slice(7) : undefined;
}

/** A strong validator for a reply that was made once and is served many times. */
export const etagOf = (body: string | Uint8Array): string => `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
export const etagOfVersion = (version: number | string): string => `"${version}"`;

/** Sends 304 when the client has this version already (RFC 9110 §13.1.2), else the body. `body` is built only when it is needed. */
export function replyWithETag(request: FastifyRequest, reply: FastifyReply, etag: string, body: () => unknown): FastifyReply {
  reply.header('etag', etag);
  return matchesETag(request.headers['if-none-match'], etag) ? reply.code(304).send() : reply.send(body());
}

/** The one comparison of the house, weak as If-None-Match wants it: whoever compresses on the way makes a validator weak. */
export function matchesETag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header === '*') return true;
  const wanted = withoutWeakness(etag);
  return header.split(',').some((part) => withoutWeakness(part.trim()) === wanted);
}

const withoutWeakness = (etag: string): string => (etag.startsWith('W/') ? etag.slice(2) : etag);

/** The version a writer has seen, from `If-Match: "7"`. Throws ProblemError: a lost update must not happen by omission. */
export function ifMatchVersionOf(request: FastifyRequest): number {
  const match = /^(?:W\/)?"(\d{1,15})"$/.exec(request.headers['if-match'] ?? '');
  if (match === null) throw new ProblemError('if-match-required');
  return Number(match[1]);
}
