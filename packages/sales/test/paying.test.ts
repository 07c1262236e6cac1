import t from 'tap';
import { valueOf } from '@onsale/kernel';
import {
  abandonPayment, cancelUnpaidOrder, createTicketSigner, createTicketVerifier, expireHolds, findMoneyViolations, openPayment, opensOrder, placeOrder,
  releaseHold, ticketPublicKey, ticketViews,
} from '../src/index.ts';
import { openShop, SHOW, startSandbox } from './shop.ts';

const sandbox = await startSandbox(t);
let confirms = 0;
const shop = await openShop(t, sandbox, {
  provider: (real) => ({ ...real, confirm: (request) => { confirms += 1; return real.confirm(request); } }),
});
const { context } = shop;

t.test('from hold to ticket', async (t) => {
  const fan = await shop.fan();
  const order = await shop.order([0, 1], fan);
  t.match(order, { state: 'open', amount: 244_000, currency: 'KRW' });
  const opened = await shop.open(order);
  t.match(opened.attempt, { n: 1, amount: 244_000 });
  t.ok(opened.remainingMs > 9 * 60_000, 'opening the window lengthens the hold');
  const paymentKey = await shop.approve(opened);
  t.same(await shop.confirm(order, opened, paymentKey), { ok: true, value: { kind: 'paid' } });

  const paid = await shop.reread(order);
  t.equal(paid.state, 'paid');
  t.ok(paid.paidAt);
  t.same((await shop.rows('SELECT state FROM seat WHERE seat_no IN (0, 1)')).map((row) => row['state']), ['sold', 'sold']);
  t.same((await shop.rows('SELECT amount, refunded, method FROM payment')).map((row) => [row['amount'], row['refunded'], row['method']]), [[244_000, 0, '카드']]);
  t.same((await shop.rows('SELECT reason FROM session_end')).map((row) => row['reason']), ['finished'], 'the entry is over');
  const finish = await shop.rows("SELECT kind, ordering_key, payload FROM outbox WHERE kind = 'finish'");
  t.equal(finish.length, 1);
  t.match(finish[0]?.['ordering_key'], /^place:room:\d+$/);

  const [key] = sandbox.keys.ticketKeys;
  if (key === undefined) throw new Error('no ticket key');
  const tickets = await ticketViews(context, createTicketSigner(key), paid);
  t.equal(tickets.length, 2);
  const verified = createTicketVerifier([ticketPublicKey(key)]).verify(tickets[1]?.credential ?? '');
  t.match(verified, { ok: true, value: { ticket: tickets[1]?.id, show: SHOW, seat: 1, generation: 1 } });

  t.same(await shop.confirm(order, opened, paymentKey), { ok: true, value: { kind: 'paid' } }, 'a reload of the success page');
  t.equal((await shop.rows('SELECT 1 FROM ticket')).length, 2);
  t.same(await findMoneyViolations(context), []);
});

t.test('placing an order', async (t) => {
  const fan = await shop.fan();
  const hold = context.newId();
  valueOf(await context.engine.submit({ kind: 'hold', show: SHOW, hold, seats: [2], ...fan }));
  const request = { show: SHOW, hold, ...fan, account: null, idempotencyKey: 'the-same-key', request: 'r'.repeat(22), buyer: { name: null, email: null } };
  const first = valueOf(await placeOrder(context, request));
  const second = valueOf(await placeOrder(context, request));
  t.equal(second.order.id, first.order.id);
  t.equal(second.orderKey, first.orderKey, 'the same request, the same key');
  t.same([first.again, second.again], [false, true]);
  t.match(await placeOrder(context, { ...request, request: 'o'.repeat(22) }), { ok: false, refusal: { kind: 'key-reused' } }, 'the key means one request');
  t.ok(opensOrder(first.orderKey, first.order));
  for (const other of ['', undefined, first.orderKey.slice(1), `${first.orderKey}x`]) t.notOk(opensOrder(other, first.order));
  t.match(await placeOrder(context, { ...request, idempotencyKey: 'another-key' }), { ok: false, refusal: { kind: 'hold-state' } }, 'a hold has one order');
  t.match(await placeOrder(context, { ...request, person: context.newId(), idempotencyKey: 'a-stranger' }), { ok: false, refusal: { kind: 'no-hold' } });
  const foreign = context.newId();
  valueOf(await context.engine.submit({ kind: 'hold', show: SHOW, hold: foreign, seats: [3], ...fan }));
  t.match(await placeOrder(context, { ...request, hold: foreign, idempotencyKey: 'second-order' }), { ok: false, refusal: { kind: 'orders-used', max: 1 } });
  valueOf(await cancelUnpaidOrder(context, first.order));
  valueOf(await cancelUnpaidOrder(context, await shop.reread(first.order)));
  t.equal((await shop.reread(first.order)).state, 'cancelled');
  t.same((await shop.rows('SELECT state FROM seat WHERE seat_no = 2')).map((row) => row['state']), ['free']);
});

t.test('an Idempotency-Key that made an order of another hold is refused at once, and breaks nobody else\'s batch', async (t) => {
  const fan = await shop.fan();
  const request = { show: SHOW, ...fan, account: null, idempotencyKey: 'one-key-two-holds', request: 'r'.repeat(22), buyer: { name: null, email: null } };
  const [one, other] = [context.newId(), context.newId()];
  valueOf(await context.engine.submit({ kind: 'hold', show: SHOW, hold: one, seats: [20], ...fan }));
  valueOf(await cancelUnpaidOrder(context, valueOf(await placeOrder(context, { ...request, hold: one })).order));
  valueOf(await context.engine.submit({ kind: 'hold', show: SHOW, hold: other, seats: [21], ...fan }));
  const before = context.engine.gauges();
  t.match(await placeOrder(context, { ...request, hold: other }), { ok: false, refusal: { kind: 'key-reused' } });
  t.equal(context.engine.gauges().retries, before.retries);
  t.match(await placeOrder(context, { ...request, hold: other, idempotencyKey: 'another-key-then' }), { ok: true }, 'the hold is as it was');
});

t.test('a hold given back takes its order with it', async (t) => {
  const order = await shop.order([22]);
  const opened = await shop.open(order);
  const { show, hold: id, person } = order;
  t.match(await releaseHold(context, { show, id, person: context.newId() }), { ok: false, refusal: { kind: 'no-hold' } });
  t.match(await releaseHold(context, { show, id, person }), { ok: true });
  t.equal((await shop.reread(order)).state, 'cancelled');
  t.same(await shop.attemptStates(order), ['abandoned']);
  t.match(await shop.confirm(order, opened, await shop.approve(opened)), { ok: false, refusal: { kind: 'attempt-over' } });
});

t.test('an order that costs nothing needs no provider', async (t) => {
  const order = await shop.order([57]);
  t.match(order, { state: 'paid', amount: 0 });
  t.equal((await shop.rows('SELECT 1 FROM ticket WHERE seat_no = 57')).length, 1);
  t.match(await openPayment(context, order, { idempotencyKey: 'free-order', request: 'r'.repeat(22) }), { ok: false, refusal: { kind: 'order-state' } });
});

t.test('less than the provider takes is refused before anything is written', async (t) => {
  const fan = await shop.fan();
  const hold = context.newId();
  valueOf(await context.engine.submit({ kind: 'hold', show: SHOW, hold, seats: [30], ...fan }));
  const placed = await placeOrder(context, {
    show: SHOW, hold, ...fan, account: null, idempotencyKey: 'fifty-won', request: '', buyer: { name: null, email: null },
  });
  t.match(placed, { ok: false, refusal: { kind: 'amount-not-payable', minimum: 100 } });
  t.equal((await shop.rows('SELECT 1 FROM order_line WHERE seat_no = 30')).length, 0);
});

t.test('a refused card: the seats stay, another card pays', async (t) => {
  const order = await shop.order([4]);
  const opened = await shop.open(order);
  shop.later(9.5 * 60_000);
  const answer = await shop.confirm(order, opened, await shop.approve(opened, 'REJECT_CARD_PAYMENT'));
  t.match(answer, { ok: false, refusal: { kind: 'payment-refused', code: 'REJECT_CARD_PAYMENT', advice: 'other-card' } });
  t.match(await shop.reread(order), { state: 'paying', refusal: { code: 'REJECT_CARD_PAYMENT' } });
  const again = await shop.open(order);
  t.equal(again.attempt.n, 2);
  t.ok(again.remainingMs >= 2 * 60_000 - 2_000, 'at least two minutes are left');
  t.ok(again.remainingMs <= 2 * 60_000, 'and the window lengthens a hold once only');
  t.match(await shop.confirm(order, again, await shop.approve(again)), { ok: true, value: { kind: 'paid' } });
  t.same(await shop.attemptStates(order), ['refused', 'done']);
});

t.test('B6: an amount is only ever compared', async (t) => {
  const order = await shop.order([5]);
  const opened = await shop.open(order);
  const paymentKey = await shop.approve(opened);
  const before = confirms;
  const cheap = await shop.confirm(order, { ...opened, attempt: { ...opened.attempt, amount: 100 } }, paymentKey);
  t.match(cheap, { ok: false, refusal: { kind: 'amount-mismatch' } });
  t.match(
    await shop.confirm(order, { ...opened, attempt: { ...opened.attempt, providerOrderId: 'some-other-order' } }, paymentKey),
    { ok: false, refusal: { kind: 'no-attempt' } },
  );
  t.match(await shop.confirm(order, opened, 'no key at all'), { ok: false, refusal: { kind: 'bad-payment-key' } });
  t.equal((await shop.reread(order)).state, 'paying', 'nothing has happened');
  t.equal(confirms, before, 'and nobody was asked');
  // The window was tampered with: a buyer approved 100 won for an order of 122,000.
  const tampered = await shop.approve({ ...opened, attempt: { ...opened.attempt, amount: 100 } });
  t.match(await shop.confirm(order, opened, tampered), { ok: false, refusal: { kind: 'payment-refused' } }, 'the server’s amount is what is asked for');
  t.equal((await shop.rows('SELECT 1 FROM payment WHERE order_id = (SELECT order_id FROM order_line WHERE seat_no = 5)')).length, 0);
});

t.test('windows', async (t) => {
  const order = await shop.order([6]);
  const first = valueOf(await openPayment(context, order, { idempotencyKey: 'same-window', request: 'r'.repeat(22) }));
  const twin = valueOf(await openPayment(context, order, { idempotencyKey: 'same-window', request: 'r'.repeat(22) }));
  t.equal(twin.attempt.providerOrderId, first.attempt.providerOrderId, 'the same request opens the same window');
  const second = await shop.open(order);
  t.not(second.attempt.providerOrderId, first.attempt.providerOrderId, 'an order id is never used again');
  const firstKey = await shop.approve(first);
  t.match(
    await shop.confirm(order, first, firstKey), { ok: false, refusal: { kind: 'attempt-over', state: 'abandoned' } },
    'a window that was left cannot be confirmed',
  );
  t.match(await openPayment(context, order, { idempotencyKey: 'same-window', request: 'r'.repeat(22) }), { ok: false, refusal: { kind: 'attempt-over' } });
  t.match(await openPayment(context, order, { idempotencyKey: 'same-window', request: 'o'.repeat(22) }), { ok: false, refusal: { kind: 'key-reused' } });
  valueOf(await abandonPayment(context, order, 2));
  valueOf(await abandonPayment(context, order, 2));
  t.equal((await shop.reread(order)).state, 'open');
  for (let n = 3; n <= 20; n += 1) await shop.open(order);
  const beyond = await openPayment(context, order, { idempotencyKey: 'one-too-many', request: '' });
  t.match(beyond, { ok: false, refusal: { kind: 'attempts-used', max: 20 } });
});

t.test('a hold whose time is over', async (t) => {
  const order = await shop.order([7]);
  const opened = await shop.open(order);
  const paymentKey = await shop.approve(opened);
  shop.later(11 * 60_000);
  const before = confirms;
  t.match(await shop.confirm(order, opened, paymentKey), { ok: false, refusal: { kind: 'hold-expired' } });
  t.equal(confirms, before, 'the provider was not asked: no seats, no money');
  t.ok((await expireHolds(context)) >= 1);
  t.equal((await shop.reread(order)).state, 'expired');
  t.same(await shop.attemptStates(order), ['abandoned']);
  t.match(await shop.confirm(order, opened, paymentKey), { ok: false, refusal: { kind: 'attempt-over' } });
  t.equal(await expireHolds(context), 0, 'again: nothing');
});

t.test('forged, foreign and old tickets', async (t) => {
  const [key] = sandbox.keys.ticketKeys;
  if (key === undefined) throw new Error('no ticket key');
  const facts = { ticket: context.newId(), show: SHOW, seat: 7, generation: 3, fromS: 1, toS: 2 };
  const credential = createTicketSigner(key).sign(facts);
  const gate = createTicketVerifier([ticketPublicKey(key)]);
  t.match(credential, /^[0-9A-Z $%*+\-./:]+$/, 'the alphabet that a QR code packs best');
  t.ok(credential.length < 200);
  t.same(gate.verify(credential), { ok: true, value: facts });
  for (let position = 0; position < credential.length; position += 1) {
    const other = credential[position] === '0' ? '1' : '0';
    t.notOk(gate.verify(credential.slice(0, position) + other + credential.slice(position + 1)).ok, `changed at ${position}`);
  }
  for (const text of ['', 'A', 'ü', 'A'.repeat(10_000), credential.slice(3)]) t.notOk(gate.verify(text).ok);
  t.match(createTicketVerifier([]).verify(credential), { refusal: { kind: 'unknown-key' } });
});

t.test('nothing broke on the way', (t) => {
  t.same(shop.faults, []);
  t.end();
});
