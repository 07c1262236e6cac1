import t from 'tap';
import { BOOKING_PREFIX, ORDER_KEY_HEADER, routes, type HoldReply, type OrderReply, type Problem } from '@onsale/contract';
import { goInside, newKey, startBooking, type Inside } from './start-booking.ts';

/** An Idempotency-Key means one request, on every route that takes one: the same again is answered again, another is refused and changes nothing. */
const booking = await startBooking();
t.teardown(() => booking.close());
const { app } = booking;
const { money: pool } = booking.wired.context.database;

type Method = 'POST' | 'PUT' | 'GET' | 'DELETE';
type Headers = Record<string, string>;
const ask = (method: Method, path: string, headers: Headers, payload?: object) =>
  app.inject({ method, url: BOOKING_PREFIX + path, headers, ...(payload === undefined ? {} : { payload }) });
const codeOf = (answer: { json: () => unknown }): string => (answer.json() as Problem).code;
const keyed = (headers: Headers, key = newKey()): Headers => ({ ...headers, 'idempotency-key': key });

let seat = 0;
/** Two seats that nobody has had, far enough from the next two to leave nobody alone. */
const freshSeats = (): [number, number] => [(seat += 5), seat + 1];
const holdOf = async (fan: Inside): Promise<HoldReply> => (await ask('POST', '/shows/demo/holds', keyed(fan.headers), { seats: freshSeats() })).json();
async function orderOf(fan: Inside): Promise<{ order: OrderReply; owner: Headers }> {
  const order = (await ask('POST', '/orders', keyed(fan.headers), { show: 'demo', hold: (await holdOf(fan)).id })).json<OrderReply>();
  return { order, owner: { [ORDER_KEY_HEADER]: order.orderKey as string } };
}

const BEST = { bestAvailable: { quantity: 2 } };
/** A route with a key, ready to be asked: the first request, and others that are not it. `{}` for those that read no body. */
type Case = { readonly path: string; readonly headers: Headers; readonly first: object; readonly others: readonly object[]; readonly forget: string };
const CASES: Record<string, () => Promise<readonly Case[]>> = {
  'POST /shows/:show/holds': async () => {
    const [one, best] = [await goInside(booking), await goInside(booking)];
    const [a, b] = freshSeats();
    const at = { path: '/shows/demo/holds', forget: "UPDATE hold SET requests = ''" };
    return [
      { ...at, headers: one.headers, first: { seats: [a, b] }, others: [{ seats: freshSeats() }, { seats: [a] }, BEST] },
      {
        ...at, headers: best.headers, first: { bestAvailable: { quantity: 2, grade: 'S' } },
        others: [BEST, { bestAvailable: { quantity: 1, grade: 'S' } }, { bestAvailable: { quantity: 9 } }, { seats: freshSeats() }],
      },
    ];
  },
  'PUT /shows/:show/holds/:id': async () => {
    const fan = await goInside(booking);
    const hold = await holdOf(fan);
    const path = `/shows/demo/holds/${hold.id}`;
    return [{ path, headers: fan.headers, first: { seats: freshSeats() }, others: [{ seats: freshSeats() }], forget: "UPDATE hold SET requests = ''" }];
  },
  'POST /orders': async () => {
    const fan = await goInside(booking);
    const [hold, other] = [await holdOf(fan), await holdOf(fan)];
    const first = { show: 'demo', hold: hold.id, buyer: { name: '김하늘', email: 'haneul@exmaple.com' } };
    const others = [{ ...first, buyer: { name: '김하늘', email: 'haneul@example.com' } }, { ...first, buyer: {} }, { ...first, hold: other.id }];
    return [{ path: '/orders', headers: fan.headers, first, others, forget: "UPDATE ticket_order SET request = ''" }];
  },
  'POST /orders/:id/payments': async () => {
    const { order, owner } = await orderOf(await goInside(booking));
    const path = `/orders/${order.id}/payments`;
    return [{ path, headers: owner, first: {}, others: [{ method: 'CARD' }, { amount: 1 }], forget: "UPDATE payment_attempt SET request = ''" }];
  },
};
/** What the routes write, as one text. */
async function written(): Promise<string> {
  const rows = await Promise.all([
    pool.query("SELECT HEX(id) AS id, state, seats, swaps, HEX(order_id) AS o FROM hold ORDER BY id"),
    pool.query('SELECT HEX(id) AS id, state, buyer_name, buyer_email FROM ticket_order ORDER BY id'),
    pool.query('SELECT provider_order_id, state FROM payment_attempt ORDER BY provider_order_id'),
    pool.query("SELECT seat_no, state FROM seat WHERE state <> 'free' ORDER BY seat_no"),
    pool.query("SELECT HEX(person) AS p, scope_id, live FROM allowance WHERE live > 0 ORDER BY scope_id, person"),
  ]);
  return JSON.stringify(rows.map(([found]) => found));
}

t.test('every route that takes a key is tried here', (t) => {
  const keyedRoutes = routes.filter(({ api, idempotent }) => api === 'booking' && idempotent === true).map(({ method, path }) => `${method} ${path}`);
  t.same(keyedRoutes.sort(), Object.keys(CASES).sort());
  t.end();
});

for (const [route, casesOf] of Object.entries(CASES)) {
  t.test(`${route}: one key, one request`, async (t) => {
    const method = route.split(' ')[0] as Method;
    for (const { path, headers, first, others, forget } of await casesOf()) {
      const withKey = keyed(headers);
      const made = await ask(method, path, withKey, first);
      t.ok(made.statusCode === 201 || made.statusCode === 200, made.body);
      const before = await written();
      const again = await ask(method, path, withKey, Object.fromEntries(Object.entries(first).reverse()));
      t.equal(again.statusCode, 200, again.body);
      t.equal(again.json<{ id?: string }>().id, made.json<{ id?: string }>().id);
      for (const other of others) {
        const refused = await ask(method, path, withKey, other);
        t.same([refused.statusCode, codeOf(refused)], [422, 'key-reused'], `${JSON.stringify(other)}: ${refused.body}`);
      }
      t.equal(await written(), before, 'and nothing has changed');
      // Negative control: without the mark that is kept, the old thing is given to another request.
      await pool.query(forget);
      const fooled = await ask(method, path, withKey, others[0]);
      t.equal(fooled.statusCode, 200, 'without its mark the key would answer anything');
    }
  });
}

t.test('a swap that is asked for again late does not swap back', async (t) => {
  const fan = await goInside(booking);
  const hold = await holdOf(fan);
  const [early, late] = [keyed(fan.headers), keyed(fan.headers)];
  const [one, other] = [{ seats: freshSeats() }, { seats: freshSeats() }];
  const swap = async (headers: Headers, body: object) => {
    const answer = await ask('PUT', `/shows/demo/holds/${hold.id}`, headers, body);
    return answer.json<HoldReply>().seats.map((held) => held.seat);
  };
  t.same(await swap(early, one), one.seats);
  t.same(await swap(late, other), other.seats);
  t.same(await swap(early, one), other.seats, 'what became of the hold');
});

t.test('until the order is paid, the latest word about its buyer counts', async (t) => {
  const { order, owner } = await orderOf(await goInside(booking));
  const path = `/orders/${order.id}/buyer`;
  const kept = async () => {
    const [rows] = await pool.query('SELECT buyer_name AS name, buyer_email AS email FROM ticket_order WHERE id = ?', [Buffer.from(order.id, 'base64url')]);
    return { name: rows[0]?.['name'], email: rows[0]?.['email'] };
  };
  const put = (payload: object, headers = owner) => ask('PUT', path, headers, payload);
  const changed = await put({ name: '이바다', email: 'bada@exmaple.com' });
  t.equal(changed.statusCode, 200, changed.body);
  t.equal(changed.json<OrderReply>().id, order.id);
  t.notMatch(changed.body, /bada/, 'the order shows its owner no buyer, so it shows nobody one');
  t.equal((await ask('POST', `/orders/${order.id}/payments`, keyed(owner))).statusCode, 201);
  t.equal((await put({ email: 'bada@example.com' })).statusCode, 200, 'also while the window is open');
  t.same(await kept(), { name: null, email: 'bada@example.com' }, 'the whole buyer is replaced');
  t.equal((await put({ email: 'a@b.c' }, { [ORDER_KEY_HEADER]: newKey() })).statusCode, 404, "another's order is not there");
  t.equal((await put({ email: 'x'.repeat(201) })).statusCode, 400);
  t.equal((await put({ phone: '010' })).statusCode, 400);
  await pool.query("UPDATE ticket_order SET state = 'paid' WHERE id = ?", [Buffer.from(order.id, 'base64url')]);
  const late = await put({ email: 'late@example.com' });
  t.same([late.statusCode, codeOf(late)], [409, 'order-state'], 'a paid order stays as it was bought');
  t.same(await kept(), { name: null, email: 'bada@example.com' });
});
