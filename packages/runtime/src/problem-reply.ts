import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem, problems, type Language, type ProblemCode, type ProblemExtras } from '@onsale/contract';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';
/** How long a refused client stays away when the refusal itself does not say. */
export const RETRY_AFTER_MS = 1_000;

/**
 * Sends the refusal as RFC 9457 has it, in the reader's language, with Retry-After wherever trying later helps. Outside production a refusal that
 * the contract does not declare for the route is a bug: it becomes a 500 that names it.
 */
export function replyProblem(request: FastifyRequest, reply: FastifyReply, code: ProblemCode, extras: ProblemExtras = {}): FastifyReply {
  const declared = request.routeOptions?.config?.refusals;
  if (declared !== undefined && !declared.has(code)) {
    return replyProblem(request, reply, 'internal', { detail: `The contract does not declare the refusal ${code} for this route.` });
  }
  const { status, retry } = problems[code];
  const retryAfterMs = extras.retryAfterMs ?? (retry === 'later' && (status === 503 || status === 429) ? RETRY_AFTER_MS : undefined);
  if (retryAfterMs !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  const body = problem(code, retryAfterMs === undefined ? extras : { ...extras, retryAfterMs }, languageOf(request.headers['accept-language']));
  return secure(reply).code(status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(body));
}

/** An API's reply is data: it is never a page, never sniffed, and cached only where the route says so. */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
export const secure = (reply: FastifyReply): FastifyReply => reply.headers(SECURITY_HEADERS);

/** Korean when the reader names it before English; English otherwise. */
export function languageOf(header: string | undefined): Language {
  if (header === undefined) return 'en';
  const ko = header.search(/\bko\b/i);
  if (ko === -1) return 'en';
  const en = header.search(/\ben\b/i);
  return en === -1 || ko < en ? 'ko' : 'en';
}
