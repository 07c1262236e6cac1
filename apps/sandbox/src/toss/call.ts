import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, languageOf, TOSS_ERRORS, type Language, type TossErrorCode } from './error-codes.ts';
import { DELAY_MAX_MS, type CallName, type Fault } from './faults.ts';
import { KEY_LENGTH_MAX, type StoredAnswer } from './idempotency.ts';
import type { KeyHolder } from './merchants.ts';
import type { TossWorld } from './world.ts';

/** How long a call that is never answered keeps its connection, unless the client goes first. */
const HANG_MAX_MS = 120_000;

/** What an operation answers: a value for 200, or an error code. */
export type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly code: TossErrorCode };
export const done = (value: unknown): Outcome => ({ ok: true, value });
export const failed = (code: TossErrorCode): Outcome => ({ ok: false, code });

export type TossCall = {
  readonly name: CallName;
  readonly holder: KeyHolder;
  readonly language: Language;
  readonly testCode: string | undefined;
};

type Work = (call: TossCall) => Outcome;

/**
 * One call to the simulated API: authentication → rate limit → idempotency → fault → the work → fault → answer.
 * `orderId` is what faults may be aimed at.
 */
export async function answerCall(
  world: TossWorld, request: FastifyRequest, reply: FastifyReply, name: CallName, orderId: string | null, work: Work,
): Promise<void> {
  const language = languageOf(header(request, 'accept-language'));
  void reply.header('x-tosspayments-trace-id', randomBytes(16).toString('hex'));
  const fromBrowser = request.headers.origin !== undefined || request.headers['sec-fetch-mode'] !== undefined;
  const holder = world.merchants.authenticate(request.headers.authorization, fromBrowser);
  if (typeof holder === 'string') return send(reply, answerOf(failed(holder), language));
  if (!world.rateLimit.allow(`${holder.merchant.mid}/${name}`)) return send(reply, answerOf(failed('TOO_MANY_REQUESTS'), language));
  const call: TossCall = { name, holder, language, testCode: header(request, 'tosspayments-test-code') };

  const key = request.method === 'POST' ? header(request, 'idempotency-key') : undefined;
  if (key === undefined) return attempt(world, request, reply, call, orderId, work, null);
  if (key.length > KEY_LENGTH_MAX) return send(reply, answerOf(failed('INVALID_IDEMPOTENCY_KEY'), language));
  void reply.header('idempotency-key', key);
  const scope = `${holder.merchant.mid}/${holder.kind} POST ${request.url} ${key}`;
  const start = world.idempotency.start(scope);
  if (start === 'twin') return send(reply, answerOf(failed('IDEMPOTENT_REQUEST_PROCESSING'), language));
  if (start !== 'first') return send(reply, start);
  return attempt(world, request, reply, call, orderId, work, scope);
}

async function attempt(
  world: TossWorld,
  request: FastifyRequest,
  reply: FastifyReply,
  call: TossCall,
  orderId: string | null,
  work: Work,
  scope: string | null,
): Promise<void> {
  const fault = world.faults.take(call.name, orderId);
  if (fault?.kind === 'reset-before' || fault?.kind === 'timeout-before') {
    if (scope !== null) world.idempotency.forget(scope);
    return breakOff(request, reply, fault);
  }
  let answer: StoredAnswer;
  try {
    if (fault?.kind === 'slow') await sleep(Math.min(fault.delayMs ?? 1_000, DELAY_MAX_MS));
    answer = answerOf(fault?.kind === 'error' ? failed(fault.code ?? 'PROVIDER_ERROR') : work(call), call.language);
  } catch (error) {
    if (scope !== null) world.idempotency.forget(scope);
    throw error;
  }
  if (scope !== null) world.idempotency.finish(scope, answer);
  if (fault?.kind === 'timeout-after' || fault?.kind === 'reset-after') return breakOff(request, reply, fault);
  // The gateway in front of the true answer fails: the true one is what a repetition with the same key finds.
  if (fault?.kind === 'error-after') return send(reply, answerOf(failed(fault.code ?? 'FAILED_INTERNAL_SYSTEM_PROCESSING'), call.language));
  return send(reply, answer);
}

function answerOf(outcome: Outcome, language: Language): StoredAnswer {
  if (outcome.ok) return { status: 200, body: JSON.stringify(outcome.value) };
  return { status: TOSS_ERRORS[outcome.code].status, body: JSON.stringify(errorBody(outcome.code, language)) };
}

async function send(reply: FastifyReply, answer: StoredAnswer): Promise<void> {
  await reply.code(answer.status).header('content-type', 'application/json;charset=UTF-8').send(answer.body);
}

/** Leaves the client without an answer: the connection is reset now, or held open until the client gives up. */
function breakOff(request: FastifyRequest, reply: FastifyReply, fault: Fault): void {
  reply.hijack();
  const { socket } = request.raw;
  if (fault.kind.startsWith('reset')) {
    socket.resetAndDestroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), Math.min(fault.delayMs ?? HANG_MAX_MS, HANG_MAX_MS));
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
