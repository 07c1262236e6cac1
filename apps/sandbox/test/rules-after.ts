import { setTimeout as sleep } from 'node:timers/promises';
import { pauseBetweenCancels, seen, type Json, type Rule } from './conformance.ts';

const reason = { cancelReason: '고객 변심' };
const dayOf = (ms: number): string => new Date(ms + 9 * 3_600_000).toISOString().slice(0, 10);

export const cancelRules: readonly Rule[] = [
  {
    id: 'cancel-whole', source: 'docs',
    rule: 'cancel without an amount gives everything back: CANCELED, one entry in cancels; again 400 ALREADY_CANCELED_PAYMENT',
    see: async (toss, check) => {
      const payment = await toss.approved();
      await toss.confirm(payment);
      const { status, body } = await toss.cancel(payment.paymentKey, reason);
      const [entry] = body['cancels'] as Json[];
      check('state', [status, body['status'], body['balanceAmount']], [200, 'CANCELED', 0]);
      check(
        'entry', [entry?.['cancelAmount'], entry?.['cancelStatus'], entry?.['refundableAmount'], entry?.['cancelReason']],
        [15_000, 'DONE', 0, reason.cancelReason],
      );
      check('key', body['lastTransactionKey'], entry?.['transactionKey']);
      await pauseBetweenCancels();
      check('again', seen(await toss.cancel(payment.paymentKey, reason)), '400 ALREADY_CANCELED_PAYMENT');
    },
  },
  {
    id: 'cancel-parts', source: 'probe', rule: 'parts that add up to everything keep PARTIAL_CANCELED with balance 0, then 403 NOT_CANCELABLE_AMOUNT',
    see: async (toss, check) => {
      const payment = await toss.approved(10_000);
      await toss.confirm(payment);
      const first = await toss.cancel(payment.paymentKey, { ...reason, cancelAmount: 4_000 });
      check('first', [first.body['status'], first.body['balanceAmount'], first.body['vat']], ['PARTIAL_CANCELED', 6_000, 545]);
      await pauseBetweenCancels();
      check('too much', seen(await toss.cancel(payment.paymentKey, { ...reason, cancelAmount: 6_001 })), '403 NOT_CANCELABLE_AMOUNT');
      const last = await toss.cancel(payment.paymentKey, { ...reason, cancelAmount: 6_000 });
      check('last', [last.body['status'], last.body['balanceAmount'], (last.body['cancels'] as Json[]).length], ['PARTIAL_CANCELED', 0, 2]);
      await pauseBetweenCancels();
      check('nothing left', seen(await toss.cancel(payment.paymentKey, { ...reason, cancelAmount: 1 })), '403 NOT_CANCELABLE_AMOUNT');
    },
  },
  {
    id: 'cancel-spacing', source: 'probe', rule: 'two cancels within about a second: 403 FORBIDDEN_CONSECUTIVE_REQUEST',
    see: async (toss, check) => {
      const payment = await toss.approved();
      await toss.confirm(payment);
      await toss.cancel(payment.paymentKey, { ...reason, cancelAmount: 1_000 });
      check('too soon', seen(await toss.cancel(payment.paymentKey, { ...reason, cancelAmount: 1_000 })), '403 FORBIDDEN_CONSECUTIVE_REQUEST');
    },
  },
  {
    id: 'cancel-expected-balance', source: 'probe', rule: 'a refundableAmount other than the balance is 400 NOT_MATCHES_REFUNDABLE_AMOUNT',
    see: async (toss, check) => {
      const payment = await toss.approved();
      await toss.confirm(payment);
      check('other', seen(await toss.cancel(payment.paymentKey, { ...reason, refundableAmount: 14_000 })), '400 NOT_MATCHES_REFUNDABLE_AMOUNT');
      check('right', seen(await toss.cancel(payment.paymentKey, { ...reason, refundableAmount: 15_000 })), '200 CANCELED');
    },
  },
  {
    id: 'cancel-shape', source: 'docs', rule: 'cancelReason of at most 200 is required; only captured payments can be cancelled',
    see: async (toss, check) => {
      const payment = await toss.approved();
      check('uncaptured', seen(await toss.cancel(payment.paymentKey, reason)), '403 NOT_CANCELABLE_PAYMENT');
      check('no reason', seen(await toss.cancel(payment.paymentKey, {})), '400 INVALID_REQUEST');
      check('long reason', seen(await toss.cancel(payment.paymentKey, { cancelReason: 'x'.repeat(201) })), '400 INVALID_REQUEST');
      check('unknown', seen(await toss.cancel('tgen_nothing', reason)), '404 NOT_FOUND_PAYMENT');
    },
  },
];

export const keyRules: readonly Rule[] = [
  {
    id: 'key-replay', source: 'docs', rule: 'the same Idempotency-Key gets the first answer byte for byte; the answer repeats the key',
    see: async (toss, check) => {
      const payment = await toss.approved();
      const first = await toss.confirm(payment, { key: `k-${payment.orderId}` });
      const second = await toss.confirm(payment, { key: `k-${payment.orderId}` });
      check('status', [first.status, second.status], [200, 200]);
      check('bytes', second.text === first.text, true);
      check('echo', second.headers['idempotency-key'], `k-${payment.orderId}`);
    },
  },
  {
    id: 'key-replays-errors', source: 'docs', rule: 'a stored error is repeated although the call would succeed now; a new key asks anew', lever: true,
    see: async (toss, check) => {
      const payment = await toss.approved();
      await toss.lever('faults', { faults: [{ call: 'confirm', kind: 'error', code: 'PROVIDER_ERROR', times: 1, orderId: payment.orderId }] });
      check('error', seen(await toss.confirm(payment, { key: `e-${payment.orderId}` })), '400 PROVIDER_ERROR');
      check('repeated', seen(await toss.confirm(payment, { key: `e-${payment.orderId}` })), '400 PROVIDER_ERROR');
      check('new key', seen(await toss.confirm(payment, { key: `f-${payment.orderId}` })), '200 DONE');
    },
  },
  {
    id: 'key-blind', source: 'probe', rule: 'the body is not compared: another payment under the same key gets the first one’s answer',
    see: async (toss, check) => {
      const [one, other] = [await toss.approved(), await toss.approved()];
      await toss.confirm(one, { key: `b-${one.orderId}` });
      check('first answer', (await toss.confirm(other, { key: `b-${one.orderId}` })).body['orderId'], one.orderId);
      check('untouched', (await toss.byOrder(other.orderId)).body['status'], 'IN_PROGRESS');
    },
  },
  {
    id: 'key-scope', source: 'docs', rule: 'a key is scoped by API key, address and method',
    see: async (toss, check) => {
      const payment = await toss.approved();
      await toss.confirm(payment, { key: `s-${payment.orderId}` });
      check('other address', seen(await toss.cancel(payment.paymentKey, reason, { key: `s-${payment.orderId}` })), '200 CANCELED');
    },
  },
  {
    id: 'key-twin', source: 'docs', rule: 'while the first is under way its twin gets 409 IDEMPOTENT_REQUEST_PROCESSING', lever: true,
    see: async (toss, check) => {
      const payment = await toss.approved();
      await toss.lever('faults', { faults: [{ call: 'confirm', kind: 'slow', delayMs: 400, times: 1, orderId: payment.orderId }] });
      const first = toss.confirm(payment, { key: `t-${payment.orderId}` });
      await sleep(100);
      check('twin', seen(await toss.confirm(payment, { key: `t-${payment.orderId}` })), '409 IDEMPOTENT_REQUEST_PROCESSING');
      check('first', seen(await first), '200 DONE');
    },
  },
  {
    id: 'key-length', source: 'docs', rule: 'a key of more than 300 characters is 400 INVALID_IDEMPOTENCY_KEY',
    see: async (toss, check) => check('301', seen(await toss.confirm(await toss.approved(), { key: 'x'.repeat(301) })), '400 INVALID_IDEMPOTENCY_KEY'),
  },
  {
    id: 'key-days', source: 'docs', rule: 'keys are kept for 15 days', lever: true,
    see: async (toss, check) => {
      const payment = await toss.approved();
      const key = `d-${payment.orderId}`;
      await toss.confirm(payment, { key });
      await toss.lever('clock', { advanceMs: 15 * 86_400_000 + 1_000 });
      check('forgotten', seen(await toss.confirm(payment, { key })), '400 ALREADY_PROCESSED_PAYMENT');
    },
  },
];

export const clockRules: readonly Rule[] = [
  {
    id: 'confirm-late', source: 'docs', rule: '10 minutes after the window a payment is EXPIRED and confirm is 404 NOT_FOUND_PAYMENT_SESSION', lever: true,
    see: async (toss, check) => {
      const payment = await toss.approved();
      await toss.lever('clock', { advanceMs: 10 * 60_000 - 5_000 });
      check('in time', (await toss.byOrder(payment.orderId)).body['status'], 'IN_PROGRESS');
      await toss.lever('clock', { advanceMs: 6_000 });
      check('late', seen(await toss.confirm(payment)), '404 NOT_FOUND_PAYMENT_SESSION');
      check('state', (await toss.byOrder(payment.orderId)).body['status'], 'EXPIRED');
    },
  },
  {
    id: 'window-late', source: 'docs', rule: '30 minutes without a buyer end a READY payment: EXPIRED', lever: true,
    see: async (toss, check) => {
      const payment = await toss.approved(15_000, 'leave');
      check('before', seen(await toss.confirm(payment)), '404 NOT_FOUND_PAYMENT_SESSION');
      check('ready', (await toss.byOrder(payment.orderId)).body['status'], 'READY');
      await toss.lever('clock', { advanceMs: 30 * 60_000 + 1_000 });
      check('state', (await toss.byOrder(payment.orderId)).body['status'], 'EXPIRED');
    },
  },
  {
    id: 'transactions', source: 'docs', lever: true,
    rule: 'GET /v1/transactions lists captures and cancels in order, both dates included, paged by startingAfter',
    see: async (toss, check) => {
      await toss.lever('clock', { advanceMs: 86_400_000 });
      const now = (await toss.lever('clock', { advanceMs: 0 })).body['now'] as number;
      const payments = [await toss.approved(1_000), await toss.approved(2_000), await toss.approved(3_000)];
      for (const payment of payments) await toss.confirm(payment);
      await toss.cancel(payments[1]?.paymentKey ?? '', reason);
      const period = `startDate=${dayOf(now)}T00:00:00&endDate=${dayOf(now)}T23:59:59`;
      const firstPage = (await toss.call('GET', `/v1/transactions?${period}&limit=3`)).body as unknown as Json[];
      check('page', firstPage.map((row) => row['amount']), [1_000, 2_000, 3_000]);
      const next = `/v1/transactions?${period}&startingAfter=${String(firstPage[2]?.['transactionKey'])}`;
      const secondPage = (await toss.call('GET', next)).body as unknown as Json[];
      check('next page', secondPage.map((row) => [row['amount'], row['status'], row['orderId']]), [[-2_000, 'CANCELED', payments[1]?.orderId]]);
      check('bad dates', seen(await toss.call('GET', '/v1/transactions?startDate=yesterday&endDate=x')), '400 INVALID_REQUEST');
    },
  },
  {
    id: 'not-simulated', source: 'assumed', rule: 'what is not simulated says so: 404, never a false success',
    see: async (toss, check) => check('deposits', seen(await toss.call('POST', '/v1/virtual-accounts', { body: {} })), '404 SANDBOX_NOT_SIMULATED'),
  },
];
