import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@onsale/testing';
import t from 'tap';
import type { TicketOrder } from '@onsale/booking';
import { claimOutboxRows } from '@onsale/database';
import { valueOf, type OpaqueId } from '@onsale/kernel';
import type { PaymentProvider, ProviderAnswer, ProviderPayment } from '@onsale/payments';
import { createBellBook, expireHolds, findMoneyViolations, refundPayment, resolveUnknown } from '../src/index.ts';
import { arm, openShop, SHOW, startSandbox, type Shop } from './shop.ts';

const MINUTE_MS = 60_000;
const sandbox = await startSandbox(t);
const paid = { ok: true, value: { kind: 'paid' } };
const bytes = (id: OpaqueId): Buffer => Buffer.from(id, 'base64url');

/** Provider calls, and a switch that cuts the line in front of the real client: what comes is silence. `last`: it is cut behind the next confirm. */
type Line = { cut: boolean; last: boolean; readonly calls: string[] };
function switchable(line: Line): (real: PaymentProvider) => PaymentProvider {
  const silence: ProviderAnswer<ProviderPayment> = { kind: 'silence', why: 'no-connection', sent: false };
  const through = (name: string, call: () => Promise<ProviderAnswer<ProviderPayment>>): Promise<ProviderAnswer<ProviderPayment>> => {
    line.calls.push(name);
    return line.cut ? Promise.resolve(silence) : call();
  };
  return (real) => ({
    ...real,
    confirm: (request) => {
      const answer = through(`confirm ${request.idempotencyKey.split(':').at(-1)}`, () => real.confirm(request));
      if (line.last) line.cut = true;
      line.last = false;
      return answer;
    },
    paymentByOrderId: (id) => through('look-up', () => real.paymentByOrderId(id)),
    paymentByKey: (key) => through('look-up', () => real.paymentByKey(key)),
    cancel: (request) => through(`cancel ${request.idempotencyKey.split(':').at(-1)}`, () => real.cancel(request)),
  });
}

const seatStates = async (shop: Shop, ...seats: number[]): Promise<unknown[]> =>
  (await shop.rows(`SELECT state FROM seat WHERE seat_no IN (${seats.join(', ')}) ORDER BY seat_no`)).map((row) => row['state']);
const atToss = async (shop: Shop, order: TicketOrder): Promise<{ status: string; balanceAmount: number }> => {
  const [row] = await shop.rows('SELECT provider_order_id AS id FROM payment_attempt WHERE order_id = ? ORDER BY n DESC LIMIT 1', [bytes(order.id)]);
  const answer = await shop.context.provider.paymentByOrderId(String(row?.['id']));
  if (answer.kind !== 'answer') throw new Error(JSON.stringify(answer));
  return answer.value;
};
/** The relay's part: works off refund rows until there are none. */
async function relayRefunds(shop: Shop, rounds = 12): Promise<string[]> {
  const outcomes: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const rows = await claimOutboxRows(shop.context.database.money, { limit: 10, leaseMs: 5_000, kinds: ['refund'] });
    for (const row of rows) outcomes.push(await refundPayment(shop.context, row, () => 0));
    shop.later(2_000);
  }
  return outcomes;
}
/** The resolver's part: a provider that is slow in real time is still at it in the first round or two. */
async function resolveLater(shop: Shop, order: TicketOrder, rounds = 10): Promise<void> {
  for (let round = 0; round < rounds && (await shop.reread(order)).state === 'confirming'; round += 1) {
    await sleep(round * 100);
    shop.later(5 * MINUTE_MS);
    await resolveUnknown(shop.context);
  }
}
async function prepare(shop: Shop, seats: readonly number[]) {
  const order = await shop.order(seats);
  const opened = await shop.open(order);
  return { order, opened, paymentKey: await shop.approve(opened), pay: (key: string) => shop.confirm(order, opened, key) };
}
const line = (): Line => ({ cut: false, last: false, calls: [] });

t.test("a processed key of another order neither pays this one nor keeps its seats", async (t) => {
  const shop = await openShop(t, sandbox);
  const [before, order, opening] = [await shop.order([0]), await shop.order([1]), await shop.order([2])];
  const first = await shop.open(before);
  const paymentKey = await shop.approve(first);
  t.same(await shop.confirm(before, first, paymentKey), paid);
  const refused = { ok: false, refusal: { kind: 'payment-refused', code: 'ALREADY_PROCESSED_PAYMENT' } };
  t.match(await shop.confirm(order, await shop.open(order), paymentKey), refused, 'no payment of this order');
  const opened = await shop.open(opening);
  await shop.approve(opened);
  t.match(await shop.confirm(opening, opened, paymentKey), refused, 'a payment of this order, with a key of its own');
  for (const one of [order, opening]) t.equal((await shop.reread(one)).state, 'paying');
  t.same(await findMoneyViolations(shop.context), []);
});

t.test('answers that are lost or wrong, one by one: the buyer gets the ticket, once', async (t) => {
  const wire = line();
  const shop = await openShop(t, sandbox, { provider: switchable(wire) });
  const table: [string, object[], RegExp][] = [
    ['time-out after committing', [{ call: 'confirm', kind: 'timeout-after', times: 1 }], /^confirm 1,look-up$/],
    ['time-out before anything', [{ call: 'confirm', kind: 'timeout-before', times: 1 }], /^confirm 1,look-up,confirm 1$/],
    ['reset after committing', [{ call: 'confirm', kind: 'reset-after', times: 1 }], /^confirm 1,look-up$/],
    ['reset before anything', [{ call: 'confirm', kind: 'reset-before', times: 1 }], /^confirm 1,look-up,confirm 1$/],
    ['500 after success', [{ call: 'confirm', kind: 'error-after', times: 1 }], /^confirm 1,look-up$/],
    ['PROVIDER_ERROR, stored under its key', [{ call: 'confirm', kind: 'error', code: 'PROVIDER_ERROR', times: 1 }], /^confirm 1,look-up,confirm 2$/],
    [
      'PROVIDER_ERROR flapping', [{ call: 'confirm', kind: 'error', code: 'PROVIDER_ERROR', times: 3 }],
      /^confirm 1,look-up,confirm 2,look-up,confirm 3,look-up,confirm 4$/,
    ],
    [
      '409: a twin of our own call is under way', [{ call: 'confirm', kind: 'slow', delayMs: 600, times: 1 }],
      /^confirm 1,look-up,confirm 1(,look-up(,confirm 1)?)*$/,
    ],
    [
      'look-up fails too', [{ call: 'confirm', kind: 'timeout-after', times: 1 }, { call: 'look-up', kind: 'error', code: 'COMMON_ERROR', times: 1 }],
      /^confirm 1,look-up,look-up$/,
    ],
  ];
  for (const [index, [name, faults, calls]] of table.entries()) {
    const { order, paymentKey, pay } = await prepare(shop, [index]);
    await arm(sandbox, ...faults);
    wire.calls.length = 0;
    const answer = await pay(paymentKey);
    if (answer.ok && answer.value.kind === 'pending') await resolveLater(shop, order);
    else t.match(answer, paid, name);
    t.match(wire.calls.join(','), calls, `${name}: calls`);
    t.equal((await shop.reread(order)).state, 'paid', name);
    t.equal((await shop.rows('SELECT 1 FROM ticket WHERE order_id = ?', [bytes(order.id)])).length, 1, `${name}: one ticket`);
    t.match(await atToss(shop, order), { status: 'DONE', balanceAmount: 122_000 }, `${name}: charged once`);
  }
  t.same(await findMoneyViolations(shop.context), []);
  t.same(shop.faults, []);
});

t.test('a code nobody has documented is looked at before it is believed', async (t) => {
  const shop = await openShop(t, sandbox);
  const { order, paymentKey, pay } = await prepare(shop, [0]);
  await arm(sandbox, { call: 'confirm', kind: 'error', code: 'CARD_PROCESSING_ERROR', times: 1 });
  t.match(await pay(paymentKey), { ok: false, refusal: { kind: 'payment-refused', code: 'CARD_PROCESSING_ERROR' } });
  t.match(await atToss(shop, order), { status: 'IN_PROGRESS' });
  t.equal((await shop.reread(order)).state, 'paying');
});

t.test('two tabs', async (t) => {
  const shop = await openShop(t, sandbox);
  const { order, paymentKey, pay } = await prepare(shop, [0, 1]);
  await arm(sandbox, { call: 'confirm', kind: 'slow', delayMs: 150, times: 1 });
  const answers = await Promise.all([pay(paymentKey), pay(paymentKey), pay(paymentKey)]);
  t.equal(answers.filter((answer) => answer.ok && answer.value.kind === 'paid').length, 1);
  t.equal(answers.filter((answer) => !answer.ok && answer.refusal.kind === 'payment-in-progress').length, 2);
  t.equal((await shop.rows('SELECT 1 FROM ticket')).length, 2);
  t.equal((await shop.reread(order)).state, 'paid');

  const other = await prepare(shop, [2]);
  await arm(sandbox, { call: 'confirm', kind: 'slow', delayMs: 150, times: 1 });
  const paying = other.pay(other.paymentKey);
  await sleep(60);
  t.match(await shop.open(other.order).catch((error: Error) => error.message), /payment-in-progress/, 'nor can another window be opened meanwhile');
  t.match(await paying, paid);
});

t.test('B5: confirming ends by the provider’s answer, not by a clock', async (t) => {
  const wire = line();
  const shop = await openShop(t, sandbox, { provider: switchable(wire) });
  const { order, paymentKey, pay } = await prepare(shop, [0]);
  wire.cut = true;
  t.match(await pay(paymentKey), { ok: true, value: { kind: 'pending' } });
  shop.later(25 * MINUTE_MS);
  await resolveUnknown(shop.context);
  t.equal(await expireHolds(shop.context), 0, 'no sweeper ends it, however late it is');
  t.same(await shop.attemptStates(order), ['confirming']);
  t.same(await seatStates(shop, 0), ['held']);
  wire.cut = false;
  shop.later(MINUTE_MS);
  await resolveUnknown(shop.context);
  t.equal((await shop.reread(order)).state, 'paid', 'and when the provider is back it is asked again');

  // Negative control: with a clock that ends a confirming hold, the money has no seats.
  const second = await prepare(shop, [1]);
  await arm(sandbox, { call: 'confirm', kind: 'timeout-after', times: 1 }, { call: 'look-up', kind: 'error', code: 'COMMON_ERROR', times: 3 });
  t.match(await second.pay(second.paymentKey), { ok: true, value: { kind: 'pending' } });
  await shop.rows("UPDATE hold SET state = 'live', until_at = NOW(3) - INTERVAL 1 DAY WHERE state = 'confirming'");
  await expireHolds(shop.context);
  t.match([await seatStates(shop, 1), (await atToss(shop, second.order)).status], [['free'], 'DONE'], 'charged, and the seat is free for anybody');
});

t.test('the provider is away for 30 minutes: seats go back; a late success takes them again', async (t) => {
  const wire = line();
  const shop = await openShop(t, sandbox, { provider: switchable(wire) });
  const { order, paymentKey, pay } = await prepare(shop, [0, 1]);
  await arm(sandbox, { call: 'confirm', kind: 'timeout-after', times: 1 });
  wire.last = true;
  t.match(await pay(paymentKey), { ok: true, value: { kind: 'pending' } });
  shop.later(31 * MINUTE_MS);
  await resolveUnknown(shop.context);
  t.same(await shop.attemptStates(order), ['unknown-released']);
  t.same(await seatStates(shop, 0, 1), ['free', 'free']);
  t.equal((await shop.reread(order)).state, 'expired');

  wire.cut = false;
  shop.later(2 * MINUTE_MS);
  await resolveUnknown(shop.context);
  t.same(await shop.attemptStates(order), ['done']);
  t.same(await seatStates(shop, 0, 1), ['sold', 'sold'], 'the same seats');
  t.equal((await shop.reread(order)).state, 'paid');
  t.equal((await shop.rows('SELECT 1 FROM ticket')).length, 2);
  t.same(await findMoneyViolations(shop.context), []);
});

t.test('a late success whose seats are gone is refunded by itself', async (t) => {
  const wire = line();
  const shop = await openShop(t, sandbox, { provider: switchable(wire) });
  const { order, paymentKey, pay } = await prepare(shop, [0, 1]);
  await arm(sandbox, { call: 'confirm', kind: 'timeout-after', times: 1 });
  wire.last = true;
  await pay(paymentKey);
  shop.later(31 * MINUTE_MS);
  await resolveUnknown(shop.context);
  const luckier = await prepare(shop, [1]);
  wire.cut = false;
  t.match(await luckier.pay(luckier.paymentKey), paid, 'somebody else buys one of them');

  shop.later(2 * MINUTE_MS);
  await resolveUnknown(shop.context);
  t.same(await shop.attemptStates(order), ['returning']);
  t.equal((await shop.reread(order)).state, 'refunding');
  t.same(await findMoneyViolations(shop.context), [], 'what is owed is on the books at once');
  await arm(sandbox, { call: 'cancel', kind: 'timeout-after', times: 1 }, { call: 'cancel', kind: 'error', code: 'FAILED_REFUND_PROCESS', times: 1 });
  wire.calls.length = 0;
  const outcomes = await relayRefunds(shop);
  t.equal(outcomes.at(-1), 'refunded');
  t.equal(outcomes.filter((outcome) => outcome === 'refunded').length, 1);
  t.same(await shop.attemptStates(order), ['returned']);
  t.equal((await shop.reread(order)).state, 'refunded');
  t.match(await atToss(shop, order), { status: 'CANCELED', balanceAmount: 0 });
  t.match(await shop.rows('SELECT refunded, amount FROM payment WHERE order_id = ?', [bytes(order.id)]), [{ refunded: 244_000, amount: 244_000 }]);
  t.same(await seatStates(shop, 0, 1), ['free', 'sold']);
  t.same(await findMoneyViolations(shop.context), []);
  t.equal((await shop.rows("SELECT 1 FROM outbox WHERE kind = 'refund' AND closed_at IS NULL")).length, 0, 'the row is closed');
});

t.test('a crash between the provider’s answer and our transaction', async (t) => {
  const shop = await openShop(t, sandbox, {
    provider: (real) => ({ ...real, confirm: async (request) => { await real.confirm(request); throw new Error('the process died here'); } }),
  });
  const { order, paymentKey, pay } = await prepare(shop, [0]);
  await t.rejects(pay(paymentKey));
  t.same(await shop.attemptStates(order), ['confirming'], 'found by its state');
  t.match(await atToss(shop, order), { status: 'DONE' });
  t.equal(await resolveUnknown(shop.context), 0, 'not before a living confirm would have ended');
  shop.later(MINUTE_MS);
  t.equal(await resolveUnknown(shop.context), 1);
  t.equal((await shop.reread(order)).state, 'paid');
  shop.later(10 * MINUTE_MS);
  t.equal(await resolveUnknown(shop.context), 0, 'and is not looked at again');

  // Negative control of B3: without the resolver the buyer has paid and has nothing, for ever.
  const second = await prepare(shop, [1]);
  await t.rejects(second.pay(second.paymentKey));
  shop.later(60 * MINUTE_MS);
  await expireHolds(shop.context);
  t.match([(await shop.reread(second.order)).state, (await atToss(shop, second.order)).status], ['confirming', 'DONE']);
  await resolveUnknown(shop.context);
  t.equal((await shop.reread(second.order)).state, 'paid');
});

t.test('B3: the auditor sees money that its books do not explain', async (t) => {
  const shop = await openShop(t, sandbox);
  const { order, paymentKey, pay } = await prepare(shop, [0]);
  await pay(paymentKey);
  t.same(await findMoneyViolations(shop.context), []);
  await shop.rows("UPDATE ticket_order SET state = 'expired' WHERE id = ?", [bytes(order.id)]);
  t.match(await findMoneyViolations(shop.context), [{ order: order.id }], 'captured, and no tickets');
  await shop.rows("UPDATE ticket_order SET state = 'paid' WHERE id = ?", [bytes(order.id)]);
  await shop.rows('UPDATE payment SET refunded = 1');
  t.equal((await findMoneyViolations(shop.context)).length, 1, 'given back, and still ticketed');
  await shop.rows('DELETE FROM payment');
  t.match(await findMoneyViolations(shop.context), [{ order: order.id, detail: /no payment/ }], 'tickets, and no money');
});

t.test('several resolvers and the request at once: once', async (t) => {
  const shop = await openShop(t, sandbox);
  const { order, opened, paymentKey, pay } = await prepare(shop, [0, 1]);
  await arm(sandbox, { call: 'confirm', kind: 'slow', delayMs: 200, times: 1 });
  const ring = createBellBook(shop.context, () => performance.now());
  const paying = pay(paymentKey);
  await until('the confirm is under way', async () => (await shop.attemptStates(order))[0] === 'confirming');
  t.equal(await ring({ eventType: 'PAYMENT_STATUS_CHANGED', data: { orderId: opened.attempt.providerOrderId } }), 'noted');
  t.equal(await ring({ eventType: 'PAYMENT_STATUS_CHANGED', data: { orderId: opened.attempt.providerOrderId } }), 'merged');
  shop.later(10_000);
  await Promise.all([paying, resolveUnknown(shop.context), resolveUnknown(shop.context), resolveUnknown(shop.context)]);
  t.equal((await shop.reread(order)).state, 'paid');
  t.equal((await shop.rows('SELECT 1 FROM ticket')).length, 2);
  t.equal((await shop.rows('SELECT 1 FROM payment')).length, 1);
  t.equal((await shop.rows("SELECT 1 FROM outbox WHERE kind = 'finish'")).length, 1);
  t.same(shop.faults, []);
});

t.test('a bell about an attempt that was over: the seats that are still there, or the money', async (t) => {
  const shop = await openShop(t, sandbox);
  const ring = createBellBook(shop.context, () => performance.now());
  const late = async (seats: readonly number[]) => {
    const made = await prepare(shop, seats);
    await arm(sandbox, { call: 'confirm', kind: 'error', code: 'REJECT_CARD_COMPANY', times: 1 });
    t.match(await made.pay(made.paymentKey), { ok: false, refusal: { kind: 'payment-refused' } });
    await arm(sandbox);
    // The provider was wrong about its own refusal: the money is captured after all.
    const { attempt } = made.opened;
    const direct = await shop.context.provider.confirm(
      { paymentKey: made.paymentKey, providerOrderId: attempt.providerOrderId, amount: attempt.amount, idempotencyKey: `direct-${attempt.providerOrderId}` },
    );
    t.equal(direct.kind, 'answer');
    return { ...made, bell: { orderId: attempt.providerOrderId } };
  };
  const live = await late([0]);
  t.equal(await ring(live.bell), 'noted');
  shop.later(6_000);
  await resolveUnknown(shop.context);
  t.equal((await shop.reread(live.order)).state, 'paid', 'its hold was live still');

  const swept = await late([2]);
  shop.later(20 * MINUTE_MS);
  t.equal(await ring(swept.bell), 'noted');
  shop.later(6_000);
  await resolveUnknown(shop.context);
  t.equal((await shop.reread(swept.order)).state, 'paid', 'its time was over, but nobody had taken the seat');

  const twice = await late([4]);
  const second = await shop.open(twice.order);
  t.match(await shop.confirm(twice.order, second, await shop.approve(second)), paid, 'another card, another attempt, another provider order id');
  await ring(twice.bell);
  shop.later(6_000);
  await resolveUnknown(shop.context);
  t.same(await shop.attemptStates(twice.order), ['returning', 'done'], 'paid by the second card: the first one gets its money back');
  t.ok((await relayRefunds(shop)).includes('refunded'));
  t.same(await shop.attemptStates(twice.order), ['returned', 'done']);
  t.equal((await shop.reread(twice.order)).state, 'paid');
  t.same(await findMoneyViolations(shop.context), []);
});

t.test('strangers’ webhooks cost no query', async (t) => {
  const shop = await openShop(t, sandbox);
  const ring = createBellBook(shop.context, () => 0);
  const before = shop.context.database.money.gauges().statements + shop.context.database.reads.gauges().statements;
  for (const body of [null, {}, { orderId: 'order-1' }, { data: { orderId: `${'A'.repeat(22)}-01-00000000` } }, 'x']) t.equal(await ring(body), 'dropped');
  t.ok(shop.context.database.money.gauges().statements + shop.context.database.reads.gauges().statements - before <= 2, 'nothing but the show’s own polls');
  const ours = (n: number): string => shop.context.orderIds.sign({ order: shop.context.newId(), n });
  const answers = await Promise.all(Array.from({ length: 80 }, () => ring({ orderId: ours(1) })));
  t.equal(answers.filter((answer) => answer === 'over-budget').length, 30, 'a flood with our own MAC is bounded as well');
});

t.test('money captured wrongly goes back whole, and the hold lives on', async (t) => {
  const shop = await openShop(t, sandbox, {
    provider: (real) => ({ ...real, confirm: (request) => real.confirm({ ...request, amount: 100 }) }),
  });
  const order = await shop.order([0]);
  const opened = await shop.open(order);
  const paymentKey = await shop.approve({ ...opened, attempt: { ...opened.attempt, amount: 100 } });
  t.match(await shop.confirm(order, opened, paymentKey), { ok: true, value: { kind: 'returning' } });
  t.match(await shop.reread(order), { state: 'paying', refusal: { code: 'amount' } });
  t.same(await seatStates(shop, 0), ['held']);
  t.ok((await relayRefunds(shop)).includes('refunded'));
  t.match(await atToss(shop, order), { status: 'CANCELED', balanceAmount: 0 });
  t.same(await findMoneyViolations(shop.context), []);
  valueOf(await shop.context.engine.submit({ kind: 'release', show: SHOW, hold: order.hold, person: order.person }));
});
