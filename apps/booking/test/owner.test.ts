import t from 'tap';
import {
  BOOKING_PREFIX, CLIENT_KEY_HEADER, DEVICE_COOKIE, ORDER_KEY_HEADER, type HoldReply, type OrderReply, type OrdersReply, type PaymentReply, type Problem,
} from '@onsale/contract';
import { signDeviceCookie, type HolderSecret } from '@onsale/entry-token';
import { approvePayment, goInside, newKey, PORTAL, startBooking, type Inside } from './start-booking.ts';

/** An order belongs to its key and to the person it was made by; whoever brings the proof of its payment may confirm it and learns its state. */
const booking = await startBooking();
t.teardown(() => booking.close());
const { app } = booking;

const ask = (method: 'GET' | 'POST' | 'DELETE', path: string, headers: Record<string, string>, payload?: object) =>
  app.inject({ method, url: BOOKING_PREFIX + path, headers: { 'idempotency-key': newKey(), ...headers }, ...(payload === undefined ? {} : { payload }) });
const cookieOf = (clientKey: string): Record<string, string> => ({
  cookie: `${DEVICE_COOKIE}=${signDeviceCookie(clientKey as HolderSecret, booking.system.secrets.device[0] as never)}`,
  origin: PORTAL,
});
const listOf = async (headers: Record<string, string>): Promise<readonly string[]> =>
  (await ask('GET', '/orders', headers)).json<OrdersReply>().orders.map(({ id }) => id);

async function order(fan: Inside, seat: number): Promise<OrderReply & { readonly key: string }> {
  const held = (await ask('POST', '/shows/demo/holds', fan.headers, { seats: [seat, seat + 1] })).json<HoldReply>();
  const made = await ask('POST', '/orders', fan.headers, { show: 'demo', hold: held.id, buyer: { name: '김하늘', email: 'sky@example.com' } });
  if (made.statusCode !== 201) throw new Error(made.body);
  return { ...made.json<OrderReply>(), key: made.json<OrderReply>().orderKey as string };
}
const open = async (id: string, headers: Record<string, string>): Promise<PaymentReply> =>
  (await ask('POST', `/orders/${id}/payments`, headers)).json<PaymentReply>();

t.test('a browser that has kept nothing but its cookie lists, pays and opens its orders', async (t) => {
  const fan = await goInside(booking);
  const device = cookieOf(fan.clientKey);
  const made = await order(fan, 0);
  t.same(await listOf(device), [made.id]);
  t.same(await listOf({ [CLIENT_KEY_HEADER]: fan.clientKey }), [made.id], 'a program by its client key');
  const payment = await open(made.id, device);
  t.equal(payment.amount, made.amount, 'B6');
  const proof = { paymentKey: await approvePayment(booking, payment), orderId: payment.providerOrderId, amount: payment.amount };
  const paid = await ask('POST', `/orders/${made.id}/payments/${payment.n}/confirm`, device, proof);
  t.equal(paid.statusCode, 200, paid.body);
  t.equal((await ask('GET', `/orders/${made.id}`, device)).json<OrderReply>().tickets.length, 2);
  const listed = (await ask('GET', '/orders', device)).json<OrdersReply>().orders[0];
  t.equal(listed?.state, 'paid');
  t.notOk(JSON.stringify(listed).includes('credential'), 'no ticket in a list');
});

t.test('a browser that has kept nothing but its cookie cancels its order', async (t) => {
  const fan = await goInside(booking);
  const made = await order(fan, 10);
  t.equal((await ask('DELETE', `/orders/${made.id}`, cookieOf(fan.clientKey))).statusCode, 204);
  t.equal((await ask('GET', `/orders/${made.id}`, cookieOf(fan.clientKey))).json<OrderReply>().state, 'cancelled');
});

t.test("another's order is not there, and a key that is shown decides alone", async (t) => {
  const fan = await goInside(booking);
  const made = await order(fan, 20);
  const stranger = cookieOf(newKey());
  t.same(await listOf(stranger), []);
  for (const [method, path] of [['GET', ''], ['DELETE', ''], ['POST', '/payments'], ['POST', '/payments/1/abandon']] as const) {
    const answer = await ask(method, `/orders/${made.id}${path}`, stranger);
    t.equal(answer.json<Problem>().code, 'not-found', `${method} ${path}: ${answer.body}`);
  }
  t.equal((await ask('GET', `/orders/${made.id}`, { ...cookieOf(fan.clientKey), [ORDER_KEY_HEADER]: newKey() })).statusCode, 404);
  t.equal((await ask('GET', `/orders/${made.id}`, { ...stranger, [ORDER_KEY_HEADER]: made.key })).statusCode, 200);
  const foreign = { ...cookieOf(fan.clientKey), origin: 'https://elsewhere.example' };
  t.equal((await ask('DELETE', `/orders/${made.id}`, foreign)).statusCode, 403, 'a cookie serves no other site');
  booking.queriesSince();
  t.equal((await ask('GET', '/orders', {})).json<Problem>().code, 'no-identity');
  t.equal((await ask('GET', '/orders', { cookie: `${DEVICE_COOKIE}=v1.${newKey()}.${'A'.repeat(43)}` })).json<Problem>().code, 'no-identity');
  t.same(booking.queriesSince(), [], 'without a device no query');
});

t.test('what devices ask has two ways to the database, and is told when to come where both are taken for long', async (t) => {
  const { guesses } = booking.wired.context;
  const stranger = cookieOf(newKey());
  let give = (): void => {};
  const taken = new Promise<void>((done) => { give = done; });
  const long = ['198.51.100.1', '198.51.100.2'].map((source) => guesses.ask({ source }, () => taken, () => false));
  for (const path of ['/orders', `/orders/${newKey()}`]) {
    booking.queriesSince();
    const late = await ask('GET', path, stranger);
    t.equal(late.json<Problem>().code, 'overloaded', late.body);
    t.ok(late.headers['retry-after'], path);
    t.same(booking.queriesSince(), [], path);
  }
  give();
  await Promise.all(long);
  t.equal((await ask('GET', '/orders', stranger)).statusCode, 200);
});

t.test('a return in another browser confirms, and tells the state only', async (t) => {
  const fan = await goInside(booking);
  const made = await order(fan, 30);
  const payment = await open(made.id, { [ORDER_KEY_HEADER]: made.key });
  const proof = { paymentKey: await approvePayment(booking, payment), orderId: payment.providerOrderId, amount: payment.amount };
  const back = (change: object) => ask('POST', '/payments/confirm', { origin: PORTAL }, { ...proof, ...change });
  t.equal((await back({ amount: proof.amount - 1 })).json<Problem>().code, 'amount-mismatch', 'B6');
  booking.queriesSince();
  t.equal((await back({ orderId: `${proof.orderId.slice(0, -1)}${proof.orderId.endsWith('0') ? '1' : '0'}` })).json<Problem>().code, 'not-found');
  t.same(booking.queriesSince(), [], 'an id that is not ours costs no query');
  const first = await back({});
  t.equal(first.statusCode, 200, first.body);
  t.same(first.json(), { state: 'paid' }, 'nothing of whose it is, and no ticket');
  t.same((await back({})).json(), { state: 'paid' }, 'again: the same');
  t.equal((await back({ paymentKey: 'another' })).json<Problem>().code, 'not-found', 'the id alone tells nothing');
  t.equal((await ask('GET', `/orders/${made.id}`, cookieOf(fan.clientKey))).json<OrderReply>().tickets.length, 2, 'the tickets are where the order was made');
});
