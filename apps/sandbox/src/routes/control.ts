import type { FastifyInstance, FastifyReply } from 'fastify';
import type { BellSettings } from '../toss/bells.ts';
import { ADVANCE_MAX_MS } from '../toss/clock.ts';
import { isTossErrorCode, type TossErrorCode } from '../toss/error-codes.ts';
import { DELAY_MAX_MS, FAULT_CALLS, FAULT_KINDS, FAULTS_MAX, type Fault } from '../toss/faults.ts';
import { abort } from '../toss/operations.ts';
import { paymentObject } from '../toss/payment-object.ts';
import { isAmount, isFields, isOrderId, isText } from '../toss/request-bodies.ts';
import type { TossWorld } from '../toss/world.ts';

/** What a buyer would have done in the window, for programs that have none. A Toss error code: the window approves, confirm refuses. */
const OUTCOMES = ['approve', 'refuse', 'leave'] as const;

const bad = (reply: FastifyReply, detail: string) => reply.code(400).send({ code: 'SANDBOX_BAD_REQUEST', message: detail });

/** Levers that Toss does not have: payments without a browser, faults, the clock, webhooks, limits. */
export function registerControl(app: FastifyInstance, world: TossWorld): void {
  app.post('/control/payments', (request, reply) => makePayment(world, request.body, reply));
  app.get('/control/payments/:paymentKey', (request, reply) => {
    const payment = world.ledger.byKey((request.params as { paymentKey: string }).paymentKey);
    return payment === undefined ? reply.code(404).send({ code: 'NOT_FOUND_PAYMENT' }) : reply.send(paymentObject(payment, world.baseUrl));
  });
  app.post('/control/faults', (request, reply) => {
    const { faults, seed } = isFields(request.body) ? request.body : {};
    if (!Array.isArray(faults) || faults.length > FAULTS_MAX || !faults.every(isFault)) return bad(
      reply, 'faults: a list of {call, kind, times?, rate?, orderId?, delayMs?, code?}',
    );
    world.faults.plan(faults, String(seed ?? ''));
    return reply.send(world.faults.describe());
  });
  app.get('/control/faults', (_request, reply) => reply.send(world.faults.describe()));
  app.delete('/control/faults', (_request, reply) => {
    world.faults.clear();
    return reply.code(204).send();
  });
  app.post('/control/clock', (request, reply) => {
    const advanceMs = isFields(request.body) ? request.body['advanceMs'] : undefined;
    if (!isWhole(advanceMs, 0, ADVANCE_MAX_MS)) return bad(reply, 'advanceMs: whole milliseconds');
    world.clock.advance(advanceMs);
    world.ledger.sweep();
    return reply.send({ now: world.clock.now() });
  });
  app.post('/control/webhooks', (request, reply) => {
    const settings = readBellSettings(request.body);
    if (settings === null) return bad(reply, 'url (http, or null), minuteMs?, loss?, duplicate?, delayMaxMs?, seed?');
    world.bells.configure(settings);
    return reply.send(world.bells.counts());
  });
  app.get('/control/webhooks', (_request, reply) => reply.send(world.bells.counts()));
  app.post('/control/limits', (request, reply) => {
    const perMinute = isFields(request.body) ? request.body['perMinute'] : undefined;
    if (perMinute !== null && (!Number.isSafeInteger(perMinute) || (perMinute as number) < 1)) return bad(reply, 'perMinute: a whole number, or null for none');
    world.rateLimit.set(perMinute as number | null);
    return reply.send({ perMinute: world.rateLimit.perMinute() });
  });
}

function makePayment(world: TossWorld, body: unknown, reply: FastifyReply): FastifyReply {
  if (!isFields(body)) return bad(reply, 'tossClientKey, orderId, amount, outcome?');
  const { tossClientKey, orderId, amount, outcome = 'approve' } = body;
  const holder = typeof tossClientKey === 'string' ? world.merchants.byClientKey(tossClientKey) : undefined;
  if (holder === undefined) return bad(reply, 'tossClientKey: not a client key of this sandbox');
  if (!isOrderId(orderId) || !isAmount(amount)) return bad(reply, 'orderId: 6 to 64 of A-Z a-z 0-9 _ -; amount: a number');
  const refusal = typeof outcome === 'string' && isTossErrorCode(outcome) ? (outcome as TossErrorCode) : null;
  if (refusal === null && !OUTCOMES.some((known) => known === outcome)) return bad(reply, 'outcome: approve, refuse, leave, or an error code for confirm');
  const payment = world.ledger.open(holder, { orderId, orderName: 'made by a program', amount, currency: 'KRW', confirmRefusal: refusal });
  if (outcome === 'refuse') abort(world, payment, 'REJECT_CARD_COMPANY');
  else if (outcome !== 'leave') {
    payment.status = 'IN_PROGRESS';
    payment.authenticatedAt = world.clock.now();
  }
  return reply.code(201).send({ paymentKey: payment.paymentKey, orderId, amount, status: payment.status });
}

const isChance = (value: unknown): boolean => value === undefined || (typeof value === 'number' && value >= 0 && value <= 1);
const isWhole = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
const isCount = (value: unknown, min: number, max: number): boolean => value === undefined || isWhole(value, min, max);

function isFault(value: unknown): value is Fault {
  if (!isFields(value)) return false;
  const { call, kind, times, rate, orderId, delayMs, code } = value;
  return (
    FAULT_CALLS.some((known) => known === call) &&
    FAULT_KINDS.some((known) => known === kind) &&
    isCount(times, 1, 1_000_000) &&
    isChance(rate) &&
    (orderId === undefined || isOrderId(orderId)) &&
    isCount(delayMs, 0, DELAY_MAX_MS) &&
    (code === undefined || (typeof code === 'string' && isTossErrorCode(code)))
  );
}

function readBellSettings(body: unknown): BellSettings | null {
  if (!isFields(body)) return null;
  const { url = null, minuteMs = 1_000, loss = 0, duplicate = 0, delayMaxMs = 0, seed = '' } = body;
  const sound =
    (url === null || (isText(url, 500) && /^https?:\/\//.test(url))) &&
    isCount(minuteMs, 1, 60_000) && isChance(loss) && isChance(duplicate) && isCount(delayMaxMs, 0, 60_000);
  if (!sound) return null;
  return {
    url: url as string | null, minuteMs: minuteMs as number, loss: loss as number, duplicate: duplicate as number, delayMaxMs: delayMaxMs as number,
    seed: String(seed),
  };
}
