import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem, type Language } from '@onsale/contract';
import { languageOf, PROBLEM_TYPE, RETRY_AFTER_MS, SECURITY_HEADERS } from './problem-reply.ts';

/**
 * 503 `overloaded` with Retry-After, made beforehand and written past Fastify: when most requests are refused, what a refusal costs is what is
 * left for the others. One after the other is asked to stay away a little longer, so that those who were refused together do not come back together.
 */
const STEPS = 8;
const STEP_MS = RETRY_AFTER_MS / STEPS;

type Prebuilt = { readonly head: readonly string[]; readonly body: Buffer };
const prebuilt = (language: Language): readonly Prebuilt[] => Array.from({ length: STEPS }, (_, step) => {
  const retryAfterMs = RETRY_AFTER_MS + step * STEP_MS;
  const body = Buffer.from(JSON.stringify(problem('overloaded', { retryAfterMs }, language)));
  const headers = {
    ...SECURITY_HEADERS, 'retry-after': String(Math.ceil(retryAfterMs / 1_000)), 'content-type': PROBLEM_TYPE, 'content-length': String(body.length),
  };
  return { head: Object.entries(headers).flat(), body };
});
const ANSWERS: Readonly<Record<Language, readonly Prebuilt[]>> = { ko: prebuilt('ko'), en: prebuilt('en') };
let turn = 0;

export function refuseQuickly(request: FastifyRequest, reply: FastifyReply): void {
  const { raw }: { readonly raw: ServerResponse<IncomingMessage> } = reply.hijack();
  turn = (turn + 1) % STEPS;
  const { head, body } = ANSWERS[languageOf(request.headers['accept-language'])][turn] as Prebuilt;
  raw.writeHead(503, head as string[]).end(body);
}
