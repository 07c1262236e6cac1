import { createSecretKey } from 'node:crypto';
import t from 'tap';
import type { OpaqueId } from '@onsale/kernel';
import { createOrderIdSigner } from '../src/order-id-signer.ts';
import * as rules from '../src/rules/index.ts';
import {
  ATTEMPT_MOVES, ATTEMPT_STATES, judgeCancel, judgeConfirm, judgeLookUp, judgeRefundLookUp, moveAttempt, type LastWord, type ProviderAnswer,
  type ProviderPayment,
} from '../src/rules/index.ts';
import { readBell } from '../src/webhook.ts';

const order = 'AAAAAAAAAAAAAAAAAAAAAA' as OpaqueId;
const signer = createOrderIdSigner([createSecretKey(Buffer.alloc(32, 1))]);
const providerOrderId = signer.sign({ order, n: 1 });

const payment = (change: Partial<ProviderPayment> = {}): ProviderPayment => ({
  paymentKey: 'key', orderId: providerOrderId, status: 'DONE', totalAmount: 100_000, balanceAmount: 100_000, currency: 'KRW', method: '카드',
  approvedAt: null, lastTransactionKey: null, secret: null, receiptUrl: null, cancels: [], ...change,
});
const answer = (change: Partial<ProviderPayment> = {}): ProviderAnswer<ProviderPayment> => ({ kind: 'answer', value: payment(change), trace: null });
const error = (code: string, status = 400): ProviderAnswer<ProviderPayment> => ({ kind: 'error', code, status, message: '', trace: null });
const silence: ProviderAnswer<ProviderPayment> = { kind: 'silence', why: 'timeout', sent: true };
const expected = { providerOrderId, amount: 100_000, currency: 'KRW' };
const first = { ...expected, earlierCalls: 0 };
const later = { ...expected, earlierCalls: 1 };

/** One line, one answer: what a confirm of an attempt that was never asked before means. */
t.test('confirm: the table of answers', (t) => {
  const table: [ProviderAnswer<ProviderPayment>, string][] = [
    [answer(), 'captured'],
    [answer({ totalAmount: 99_999, balanceAmount: 99_999 }), 'misfit amount'],
    [answer({ currency: 'USD' }), 'misfit amount'],
    [answer({ orderId: 'another-order' }), 'misfit order'],
    [answer({ balanceAmount: 1 }), 'misfit partly-canceled'],
    [silence, 'unknown silence'],
    [{ kind: 'silence', why: 'no-connection', sent: false }, 'unknown silence'],
    [error('IDEMPOTENT_REQUEST_PROCESSING', 409), 'unknown twin'],
    [error('ALREADY_PROCESSED_PAYMENT'), 'unknown error'],
    [error('PROVIDER_ERROR'), 'unknown error'],
    [error('FORBIDDEN_CONSECUTIVE_REQUEST', 403), 'unknown error'],
    [error('FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING', 500), 'unknown error'],
    [error('UNKNOWN_PAYMENT_ERROR', 500), 'unknown error'],
    [error('SOMETHING_NEW', 503), 'unknown error'],
    [error('SOMETHING_NEW', 400), 'unknown doubtful'],
    [error('CARD_PROCESSING_ERROR'), 'unknown doubtful'],
    [error('REJECT_CARD_PAYMENT', 403), 'refused other-card'],
    [error('INVALID_CARD_EXPIRATION'), 'refused other-card'],
    [error('EXCEED_MAX_ONE_DAY_AMOUNT', 403), 'refused other-card'],
    [error('NOT_FOUND_PAYMENT_SESSION', 404), 'refused pay-again'],
    [error('NOT_FOUND_PAYMENT', 404), 'refused pay-again'],
    [error('DUPLICATED_ORDER_ID'), 'refused order-again'],
    [error('UNAUTHORIZED_KEY', 401), 'refused operator'],
    [error('INVALID_REQUEST'), 'refused operator'],
  ];
  for (const [given, wanted] of table) {
    const verdict = judgeConfirm(given, first);
    const details = { why: '', lastWord: '', advice: '', ...verdict };
    t.equal(`${verdict.kind} ${details.why}${details.lastWord}${details.advice}`.trim(), wanted, JSON.stringify(given).slice(0, 100));
  }
  t.end();
});

t.test('a code decides, never a status', (t) => {
  for (const status of [200, 400, 401, 403, 404, 409, 500, 503]) {
    t.equal(judgeConfirm(error('PROVIDER_ERROR', status), first).kind, 'unknown', `PROVIDER_ERROR under ${status}`);
    t.equal(judgeConfirm(error('REJECT_CARD_PAYMENT', status), first).kind, 'refused', `REJECT_CARD_PAYMENT under ${status}`);
  }
  t.end();
});

t.test('a refusal of our request says nothing about an earlier call', (t) => {
  for (const code of ['UNAUTHORIZED_KEY', 'TOO_MANY_REQUESTS', 'FORBIDDEN_REQUEST']) {
    t.equal(judgeConfirm(error(code, 403), first).kind, 'refused', code);
    t.equal(judgeConfirm(error(code, 403), later).kind, 'unknown', `${code} after an earlier call`);
  }
  t.equal(judgeConfirm(error('REJECT_CARD_PAYMENT', 403), later).kind, 'refused', 'a refusal of the payment is one');
  t.end();
});

t.test('"used already" or "gone" after an earlier call may name our own capture: a look decides', (t) => {
  for (const code of ['DUPLICATED_ORDER_ID', 'NOT_FOUND_PAYMENT_SESSION', 'NOT_FOUND_PAYMENT']) {
    t.match(judgeConfirm(error(code, 404), later), { kind: 'unknown', lastWord: 'doubtful', code }, code);
    const asked = { ...expected, lastWord: 'doubtful', lastCode: code, paymentKey: 'key' } as const;
    t.equal(judgeLookUp(answer(), asked).kind, 'captured');
    t.match(judgeLookUp(answer({ status: 'IN_PROGRESS' }), asked), { kind: 'refused', code });
  }
  t.end();
});

t.test("a processed key of another order does not keep the seats", (t) => {
  const asked = { ...expected, lastWord: 'error', lastCode: 'ALREADY_PROCESSED_PAYMENT', paymentKey: 'key' } as const;
  const foreign = { kind: 'refused', code: 'ALREADY_PROCESSED_PAYMENT', advice: 'pay-again' };
  t.match(judgeLookUp(error('NOT_FOUND_PAYMENT', 404), asked), foreign);
  t.match(judgeLookUp(answer({ paymentKey: 'another', status: 'READY' }), asked), foreign);
  t.match(judgeLookUp(answer({ paymentKey: 'another', status: 'IN_PROGRESS' }), asked), foreign);
  t.equal(judgeLookUp(answer(), asked).kind, 'captured', 'it was ours');
  t.equal(judgeLookUp(answer({ paymentKey: 'another' }), asked).kind, 'captured', 'paid under our order id');
  t.equal(judgeLookUp(answer({ status: 'IN_PROGRESS' }), asked).kind, 'ask-again', 'ours, and the look is behind');
  t.equal(judgeLookUp(error('NOT_FOUND_PAYMENT', 404), { ...asked, lastWord: 'silence' }).kind, 'ask-again', 'the last call has not been heard');
  t.equal(judgeLookUp(silence, asked).kind, 'unknown');
  t.end();
});

t.test('look-up: what a payment means after our last word', (t) => {
  const look = (given: ProviderAnswer<ProviderPayment>, lastWord: LastWord): string => {
    const verdict = judgeLookUp(given, { ...expected, lastWord, lastCode: 'CARD_PROCESSING_ERROR', paymentKey: 'key' });
    if (verdict.kind === 'ask-again') return `ask-again ${verdict.newKey ? 'new' : 'same'}`;
    return verdict.kind === 'refused' ? `refused ${verdict.code}` : verdict.kind;
  };
  t.equal(look(answer(), 'silence'), 'captured');
  t.equal(look(answer({ status: 'IN_PROGRESS' }), 'silence'), 'ask-again same');
  t.equal(look(answer({ status: 'IN_PROGRESS' }), 'twin'), 'ask-again same');
  t.equal(look(answer({ status: 'IN_PROGRESS' }), 'error'), 'ask-again new', 'a stored error would only be repeated');
  t.equal(look(answer({ status: 'IN_PROGRESS' }), 'doubtful'), 'refused CARD_PROCESSING_ERROR');
  t.equal(look(answer({ status: 'READY' }), 'silence'), 'ask-again same');
  t.equal(look(error('NOT_FOUND_PAYMENT', 404), 'silence'), 'ask-again same');
  t.equal(look(error('NOT_FOUND_PAYMENT', 404), 'doubtful'), 'refused CARD_PROCESSING_ERROR');
  for (const status of ['ABORTED', 'EXPIRED', 'CANCELED', 'WAITING_FOR_DEPOSIT'] as const) t.equal(look(answer({ status }), 'silence'), `refused ${status}`);
  t.equal(look(answer({ status: 'PARTIAL_CANCELED', balanceAmount: 0 }), 'silence'), 'refused CANCELED', 'balance 0 is finished, whatever it is called');
  t.equal(look(answer({ status: 'PARTIAL_CANCELED', balanceAmount: 10 }), 'silence'), 'misfit');
  for (const given of [silence, error('UNAUTHORIZED_KEY', 401), error('COMMON_ERROR', 500)]) {
    const verdict = judgeLookUp(given, { ...expected, lastWord: 'error', lastCode: null, paymentKey: 'key' });
    t.match(verdict, { kind: 'unknown', reachable: false, lastWord: 'error' });
  }
  t.end();
});

t.test('refunds', (t) => {
  const context = { amount: 40_000, balanceBefore: 100_000, lastWasError: false };
  t.equal(judgeCancel(answer({ status: 'PARTIAL_CANCELED', balanceAmount: 60_000 }), context).kind, 'refunded');
  t.equal(
    judgeCancel(
      answer({ status: 'PARTIAL_CANCELED', balanceAmount: 60_000, cancels: [{ transactionKey: 'x', amount: 1, status: 'IN_PROGRESS' }] }), context,
    ).kind,
    'unknown',
  );
  t.match(judgeCancel(silence, context), { kind: 'unknown', newKey: false });
  t.match(judgeCancel(error('FORBIDDEN_CONSECUTIVE_REQUEST', 403), context), { kind: 'unknown', newKey: true });
  t.match(judgeCancel(error('IDEMPOTENT_REQUEST_PROCESSING', 409), context), { kind: 'unknown', newKey: false });
  for (const code of ['ALREADY_CANCELED_PAYMENT', 'NOT_CANCELABLE_AMOUNT', 'NOT_MATCHES_REFUNDABLE_AMOUNT']) t.equal(
    judgeCancel(error(code, 403), context).kind, 'unknown', `${code}: look first`,
  );
  t.equal(judgeCancel(error('EXCEED_MAX_REFUND_DUE', 403), context).kind, 'attention');
  t.equal(judgeRefundLookUp(answer({ status: 'PARTIAL_CANCELED', balanceAmount: 60_000 }), context).kind, 'refunded');
  t.match(judgeRefundLookUp(answer(), context), { kind: 'ask-again', newKey: false });
  t.match(judgeRefundLookUp(answer(), { ...context, lastWasError: true }), { kind: 'ask-again', newKey: true });
  t.equal(judgeRefundLookUp(answer({ balanceAmount: 90_000 }), context).kind, 'attention', 'somebody cancelled a part by hand');
  t.end();
});

t.test('states: the diagram', (t) => {
  for (const move of ATTEMPT_MOVES) {
    const targets = new Set(ATTEMPT_STATES.flatMap((state) => { const moved = moveAttempt(state, move); return moved.ok ? [moved.value] : []; }));
    t.equal(targets.size, 1, `${move} leads to one state`);
    t.same(rules.statesBefore(move), ATTEMPT_STATES.filter((state) => moveAttempt(state, move).ok));
    t.ok(targets.has(rules.stateAfter(move)));
  }
  const reachable = new Set(['prepared']);
  for (let turn = 0; turn < ATTEMPT_STATES.length; turn += 1) {
    for (const state of ATTEMPT_STATES.filter((known) => reachable.has(known))) {
      for (const moved of ATTEMPT_MOVES.map((move) => moveAttempt(state, move))) if (moved.ok) reachable.add(moved.value);
    }
  }
  t.equal(reachable.size, ATTEMPT_STATES.length, 'every state can be reached');
  // B3: money that was captured is in done, returning or returned; nothing leaves done, and returned comes only from returning.
  t.same(ATTEMPT_STATES.filter((state) => moveAttempt(state, 'capture').ok), ['confirming', 'refused', 'unknown-released', 'abandoned']);
  t.same(ATTEMPT_STATES.filter((state) => moveAttempt(state, 'refunded').ok), ['returning']);
  t.equal(ATTEMPT_MOVES.some((move) => moveAttempt('done', move).ok), false);
  t.end();
});

t.test('schedule', (t) => {
  t.same([0, 1, 2, 3, 4, 5, 6, 100].map(rules.lookDelayMs), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  t.same([0, 1, 6, 100].map(rules.releasedLookDelayMs), [60_000, 120_000, 3_600_000, 3_600_000]);
  t.ok(rules.FIRST_LOOK_MS > rules.CONFIRM_TIMEOUT_MS + rules.CONNECT_TIMEOUT_MS, 'the resolver does not overtake a living confirm');
  t.notOk(rules.outOfPatience({ confirmingForMs: 3_600_000, unreachableForMs: 29 * 60_000 }), 'B5: a provider that answers is waited for');
  t.ok(rules.outOfPatience({ confirmingForMs: 1_800_000, unreachableForMs: 30 * 60_000 }));
  t.ok(rules.outOfPatience({ confirmingForMs: 7_200_000, unreachableForMs: 0 }));
  t.end();
});

t.test('amounts', (t) => {
  t.same(rules.compareAmount(100, 100), { ok: true, value: 100 });
  for (const claimed of [99, 101, 0, -100, 100.5, Number.NaN]) t.notOk(rules.compareAmount(100, claimed).ok);
  for (const amount of [99, 0, -1, 100.5, Number.NaN, rules.AMOUNT_MAX + 1]) t.notOk(rules.payableAmount(amount).ok, String(amount));
  t.ok(rules.payableAmount(100).ok);
  t.end();
});

t.test('provider order ids', (t) => {
  t.match(providerOrderId, /^[A-Za-z0-9_-]{34}$/);
  t.same(signer.verify(providerOrderId), { ok: true, value: { order, n: 1 } });
  t.not(signer.sign({ order, n: 2 }), providerOrderId);
  for (let position = 0; position < providerOrderId.length; position += 1) {
    const other = providerOrderId[position] === 'b' ? 'c' : 'b';
    t.notOk(signer.verify(providerOrderId.slice(0, position) + other + providerOrderId.slice(position + 1)).ok, `changed at ${position}`);
  }
  for (const text of ['', 'x'.repeat(34), `${providerOrderId} `, providerOrderId.toUpperCase(), `${providerOrderId}\n`]) t.notOk(signer.verify(text).ok);
  const rotated = createOrderIdSigner([createSecretKey(Buffer.alloc(32, 2)), createSecretKey(Buffer.alloc(32, 1))]);
  t.ok(rotated.verify(providerOrderId).ok, 'ids under the key that is being retired are still ours');
  t.notOk(createOrderIdSigner([createSecretKey(Buffer.alloc(32, 2))]).verify(providerOrderId).ok);
  t.equal(rules.macText(new Uint8Array([0, 0, 0, 0, 0])), '00000000');
  t.equal(rules.macText(new Uint8Array([255, 255, 255, 255, 255])), 'zzzzzzzz');
  t.throws(() => signer.sign({ order, n: 100 }));
  t.equal(signer.attemptId(order, 'key-1'), signer.attemptId(order, 'key-1'));
  t.not(signer.attemptId(order, 'key-1'), signer.attemptId(order, 'key-2'));
  t.end();
});

t.test('a webhook is a bell', (t) => {
  const bell = { ok: true, value: { order, n: 1, providerOrderId } };
  t.same(readBell({ eventType: 'PAYMENT_STATUS_CHANGED', createdAt: '', data: { orderId: providerOrderId, status: 'DONE', totalAmount: 1 } }, signer), bell);
  t.same(
    readBell({ createdAt: '', secret: 's', status: 'DONE', transactionKey: 't', orderId: providerOrderId }, signer), bell,
    'DEPOSIT_CALLBACK has no event type',
  );
  for (const body of [null, 'text', [], {}, { data: null }, { orderId: 7 }]) t.match(readBell(body, signer), { ok: false, refusal: { why: 'no-order-id' } });
  t.match(readBell({ orderId: `${providerOrderId.slice(0, -1)}~` }, signer), { ok: false, refusal: { why: 'foreign-order-id' } });
  t.match(readBell({ orderId: 'a'.repeat(100_000) }, signer), { ok: false, refusal: { why: 'foreign-order-id' } });
  t.end();
});
