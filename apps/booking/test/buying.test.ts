import t from 'tap';
import {
  closeCodes,
  BOOKING_PREFIX,
  ORDER_KEY_HEADER,
  type HoldReply,
  type HoldsReply,
  type LayoutReply,
  type OrderReply,
  type PaymentReply,
  type Problem,
  type SeatDelta,
  type SeatMapReply,
} from '@onsale/contract';
import type { AddressInfo } from 'node:net';
import { createTicketVerifier, ticketPublicKey } from '@onsale/sales';
import { until } from '@onsale/testing';
import WebSocket from 'ws';
import { approvePayment, goInside, newKey, startBooking, type Inside } from './start-booking.ts';

const booking = await startBooking();
t.teardown(() => booking.close());
const { app } = booking;
await app.listen({ host: '127.0.0.1', port: 0 });

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const ask = (method: Method, path: string, headers: Record<string, string>, payload?: object) =>
  app.inject({ method, url: BOOKING_PREFIX + path, headers: { 'idempotency-key': newKey(), ...headers }, ...(payload === undefined ? {} : { payload }) });
const hold = (fan: Inside, payload: object) => ask('POST', '/shows/demo/holds', fan.headers, payload);
const codeOf = (answer: { json: () => unknown }): string => (answer.json() as Problem).code;

t.test('my holds are all that the session holds, the newest first, until each is given back or sold', async (t) => {
  const [fan, other] = [await goInside(booking), await goInside(booking)];
  const mine = async () => (await ask('GET', '/shows/demo/holds/mine', fan.headers)).json<HoldsReply>().holds.map(({ id }) => id);
  t.same(await mine(), []);
  const made = async (owner: Inside, seats: number[]) => (await hold(owner, { seats })).json<HoldReply>();
  const first = await made(fan, [440, 441]);
  const second = await made(fan, [444, 445]);
  await made(other, [448, 449]);
  t.same(await mine(), [second.id, first.id]);
  const order = (await ask('POST', '/orders', fan.headers, { show: 'demo', hold: second.id })).json<OrderReply>();
  t.same(await mine(), [second.id, first.id], 'until it is paid the one in the order is among them');
  t.equal((await ask('DELETE', `/orders/${order.id}`, { [ORDER_KEY_HEADER]: order.orderKey as string })).statusCode, 204);
  t.same(await mine(), [first.id]);
  await ask('DELETE', `/shows/demo/holds/${first.id}`, fan.headers);
  t.same(await mine(), []);
});

t.test('from the map to a ticket', async (t) => {
  const fan = await goInside(booking);
  const layout = (await ask('GET', '/shows/demo/layout', {})).json<LayoutReply>();
  t.equal(layout.seats, 500);
  const map = (await ask('GET', '/shows/demo/seats', fan.headers)).json<SeatMapReply>();
  t.equal(Buffer.from(map.state, 'base64').length, 125, 'two bits a seat');
  const key = { 'idempotency-key': newKey() };
  const held = await hold({ ...fan, headers: { ...fan.headers, ...key } }, { seats: [0, 1] });
  t.equal(held.statusCode, 201, held.body);
  const mine = held.json<HoldReply>();
  t.equal(mine.amount, 2 * 121_000);
  const again = await hold({ ...fan, headers: { ...fan.headers, ...key } }, { seats: [0, 1] });
  t.equal(again.statusCode, 200, 'the same key finds the same hold');
  t.equal(again.json<HoldReply>().id, mine.id);
  const swapped = await ask('PUT', `/shows/demo/holds/${mine.id}`, fan.headers, { seats: [4, 5] });
  t.same(
    swapped.json<HoldReply>().seats.map(({ seat }) => seat),
    [4, 5],
    swapped.body,
  );
  const made = await ask('POST', '/orders', fan.headers, { show: 'demo', hold: mine.id, buyer: { name: '김하늘' } });
  t.equal(made.statusCode, 201, made.body);
  const order = made.json<OrderReply>();
  const owner = { [ORDER_KEY_HEADER]: order.orderKey as string };
  const opened = (await ask('POST', `/orders/${order.id}/payments`, owner)).json<PaymentReply>();
  t.equal(opened.amount, order.amount);
  const refusedKey = await approvePayment(booking, opened, 'REJECT_CARD_PAYMENT');
  const refused = await ask('POST', `/orders/${order.id}/payments/${opened.n}/confirm`, owner, {
    paymentKey: refusedKey,
    orderId: opened.providerOrderId,
    amount: opened.amount,
  });
  t.equal(refused.statusCode, 402, refused.body);
  t.ok(((await ask('GET', `/orders/${order.id}`, owner)).json<OrderReply>().remainingMs as number) >= 110_000, 'two minutes at least for another card');
  const second = (await ask('POST', `/orders/${order.id}/payments`, owner)).json<PaymentReply>();
  const paymentKey = await approvePayment(booking, second);
  const less = await ask('POST', `/orders/${order.id}/payments/${second.n}/confirm`, owner, {
    paymentKey,
    orderId: second.providerOrderId,
    amount: second.amount - 1,
  });
  t.equal(codeOf(less), 'amount-mismatch', 'B6');
  const paid = await ask('POST', `/orders/${order.id}/payments/${second.n}/confirm`, owner, {
    paymentKey,
    orderId: second.providerOrderId,
    amount: second.amount,
  });
  t.equal(paid.statusCode, 200, paid.body);
  const done = paid.json<OrderReply>();
  t.equal(done.state, 'paid');
  t.equal(done.tickets.length, 2);
  const verifier = createTicketVerifier(booking.system.secrets.ticketKeys.map(ticketPublicKey));
  for (const ticket of done.tickets) {
    const facts = verifier.verify(ticket.credential);
    t.ok(facts.ok && facts.value.ticket === ticket.id && facts.value.seat === ticket.seat.seat, 'the QR is signed and says which seat');
  }
  t.equal((await ask('GET', `/orders/${order.id}`, { [ORDER_KEY_HEADER]: newKey() })).statusCode, 404, "B9: another's order is not there");
  t.equal(codeOf(await hold(fan, { seats: [20] })), 'session-ended', 'the entry has made its order: its slot is free');
});

t.test('a loser is told what else is free, and limits hold', async (t) => {
  const [one, other] = [await goInside(booking), await goInside(booking)];
  t.equal((await hold(one, { seats: [100, 101] })).statusCode, 201);
  const lost = await hold(other, { seats: [101, 102] });
  t.equal(codeOf(lost), 'seat-taken', lost.body);
  t.ok((lost.json<Problem>()['alternatives'] as unknown[]).length > 0, 'alternatives');
  t.equal(codeOf(await hold(other, { seats: [200, 201, 202, 203, 204] })), 'limit');
  t.equal(codeOf(await hold(other, { seats: [9_999] })), 'bad-request');
  const best = await hold(other, { bestAvailable: { quantity: 2, grade: 'S' } });
  t.equal(best.statusCode, 201, best.body);
  t.ok(best.json<HoldReply>().seats.every(({ grade }) => grade === 'S'));
  t.equal(codeOf(await ask('DELETE', `/shows/demo/holds/${best.json<HoldReply>().id}`, one.headers)), 'not-found', "another's hold is not there");
  t.equal((await ask('DELETE', `/shows/demo/holds/${best.json<HoldReply>().id}`, other.headers)).statusCode, 204);
});

t.test('giving seats back, or leaving, cancels the order that was made of them', async (t) => {
  for (const leave of [(id: string) => `/shows/demo/holds/${id}`, () => '/entry']) {
    const fan = await goInside(booking);
    const held = (await hold(fan, { seats: [150] })).json<HoldReply>();
    t.equal((await hold(fan, { seats: [151] })).statusCode, 201);
    const order = (await ask('POST', '/orders', fan.headers, { show: 'demo', hold: held.id })).json<OrderReply>();
    const owner = { [ORDER_KEY_HEADER]: order.orderKey as string };
    t.equal((await ask('POST', `/orders/${order.id}/payments`, owner)).statusCode, 201);
    t.equal((await ask('DELETE', leave(held.id), fan.headers)).statusCode, 204);
    t.equal((await ask('GET', `/orders/${order.id}`, owner)).json<OrderReply>().state, 'cancelled', leave(''));
    if (leave('') !== '/entry') await ask('DELETE', '/entry', fan.headers);
    const next = await goInside(booking);
    t.equal((await hold(next, { seats: [150, 151] })).statusCode, 201, 'all of its seats are free at once');
    await ask('DELETE', '/entry', next.headers);
  }
});

t.test('the seat socket sends the state, then changes', async (t) => {
  const [watcher, buyer] = [await goInside(booking), await goInside(booking)];
  const { port } = app.server.address() as { port: number };
  const socket = new WebSocket(`ws://127.0.0.1:${port}${BOOKING_PREFIX}/shows/demo/socket`);
  const heard: (SeatMapReply | SeatDelta)[] = [];
  socket.on('message', (data) => heard.push(JSON.parse(String(data)) as SeatMapReply));
  socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', session: watcher.session })));
  await until('the state came', () => heard[0]?.type === 'seats');
  t.equal((await hold(buyer, { seats: [300] })).statusCode, 201);
  await until('the change came', () =>
    heard.some((message) => message.type === 'delta' && message.changes.some(([seat, code]) => seat === 300 && code === 1)),
  );
  const since = (await ask('GET', `/shows/demo/seats?since=${heard[0]?.version}`, watcher.headers)).json<SeatDelta>();
  t.ok(
    since.changes.some(([seat]) => seat === 300),
    'polling tells the same',
  );
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.send('x'.repeat(5_000));
  t.equal(await closed, 1009, 'a huge message closes');
  const stranger = new WebSocket(`ws://127.0.0.1:${port}${BOOKING_PREFIX}/shows/demo/socket`);
  stranger.on('open', () => stranger.send(JSON.stringify({ type: 'hello', session: `${watcher.session.slice(0, -2)}AA` })));
  t.equal(await new Promise<number>((resolve) => stranger.on('close', resolve)), 4002, 'a forged session sees nothing');
});

t.test('a session has five seat sockets; who has not said whose theirs is takes nobody’s place, and is closed', async (t) => {
  const [mine, other] = [await goInside(booking), await goInside(booking)];
  const { port } = app.server.address() as AddressInfo;
  const open = async (session?: string): Promise<{ socket: WebSocket; closed: Promise<number> }> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${BOOKING_PREFIX}/shows/demo/socket`);
    t.teardown(() => socket.terminate());
    const closed = new Promise<number>((done) => socket.once('close', done));
    await new Promise((done, fail) => socket.once('open', done).once('error', fail));
    if (session !== undefined) socket.send(JSON.stringify({ type: 'hello', session }));
    return { socket, closed };
  };
  const silent = await Promise.all(Array.from({ length: 30 }, () => open()));
  const tabs: Awaited<ReturnType<typeof open>>[] = [];
  for (let n = 0; n < 5; n += 1) {
    const tab = await open(mine.session);
    await new Promise((heard) => tab.socket.once('message', heard));
    tabs.push(tab);
  }
  t.equal(await (await open(mine.session)).closed, closeCodes.tooMany.code, 'the sixth');
  const neighbour = await open(other.session);
  await new Promise((heard) => neighbour.socket.once('message', heard));
  tabs[0]?.socket.close();
  await tabs[0]?.closed;
  await until('a tab that closes makes room', async () => {
    const again = await open(mine.session);
    return (await Promise.race([again.closed, new Promise((heard) => again.socket.once('message', () => heard('state')))])) === 'state';
  });
  t.same([...new Set(await Promise.all(silent.map(({ closed }) => closed)))], [closeCodes.silent.code]);
});
