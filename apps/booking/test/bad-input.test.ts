import t from 'tap';
import {
  BODY_BYTES_MAX,
  BOOKING_PREFIX,
  CLIENT_KEY_HEADER,
  DEVICE_COOKIE,
  isProblemCode,
  ORDER_KEY_HEADER,
  routes,
  type HoldReply,
  type OrderReply,
  type PaymentReply,
  type Problem,
  type Route,
} from '@onsale/contract';
import { openPool } from '@onsale/database';
import { pick } from '@onsale/kernel';
import { createLogger, createMetrics } from '@onsale/runtime';
import { randomOf } from '@onsale/testing';
import { keysOf } from '@onsale/waiting-room';
import { buildApp } from '../src/app.ts';
import { goInside, newKey, PORTAL, startBooking, type Inside } from './start-booking.ts';

/**
 * Bad input for every route of booking, made from the list of routes: each answer is a problem of the registry, nothing that was
 * sent is repeated, and every table and the room have the same bytes before and after.
 */
const random = randomOf(t);
const booking = await startBooking();
const pool = openPool({ url: booking.system.mariadb.url, connections: 1 });
t.teardown(async () => {
  await pool.close();
  await booking.close();
});
const { app } = booking;

const NONSENSE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  'ㄱ'.repeat(50),
  [],
  [[]],
  {},
  { a: 1 },
  '__proto__',
  Number.MAX_SAFE_INTEGER,
  '\u0000',
  "' OR 1=1 --",
  [1, 1],
  [-1],
  [0.5],
  ['0'],
  Array.from({ length: 500 }, (_, n) => n),
];
const BROKEN = ['{"seats":', 'hello', '[]', 'null', '"x"', '{"__proto__":{"x":1}}', JSON.stringify({ seats: ['x'.repeat(BODY_BYTES_MAX)] })];
const BAD_SLUGS = ['NOT-A-SLUG', '-', 'a'.repeat(49), '%00', 'a%2Fb', 'ㄱ', 'x'.repeat(300)];
const BAD_IDS = ['x', '1', 'A'.repeat(21), 'A'.repeat(23), 'AAAAAAAAAAAAAAAAAAAAAB', '%2e%2e', 'ㄱ'];
const NOBODYS_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

type Standing = { readonly inside: Inside; readonly hold: HoldReply; readonly order: OrderReply; readonly payment: PaymentReply };

/** A fan with a hold, an order and an open window: what bad input could spoil. */
async function standing(): Promise<Standing> {
  const inside = await goInside(booking);
  const ask = async <Body>(method: 'POST', url: string, payload: object, headers: Record<string, string>): Promise<Body> => {
    const answer = await app.inject({ method, url: BOOKING_PREFIX + url, payload, headers: { ...headers, 'idempotency-key': newKey() } });
    if (answer.statusCode !== 201) throw new Error(`${url}: ${answer.statusCode} ${answer.body}`);
    return answer.json<Body>();
  };
  const hold = await ask<HoldReply>('POST', '/shows/demo/holds', { seats: [10, 11] }, inside.headers);
  const order = await ask<OrderReply>('POST', '/orders', { show: 'demo', hold: hold.id }, inside.headers);
  const payment = await ask<PaymentReply>('POST', `/orders/${order.id}/payments`, {}, { [ORDER_KEY_HEADER]: order.orderKey as string });
  return { inside, hold, order, payment };
}

/** CHECKSUM of every table and DUMP of the room. */
async function fingerprint(): Promise<Record<string, unknown>> {
  const [tables] = await pool.query('SHOW TABLES');
  const names = (tables as Record<string, string>[]).map((row) => Object.values(row)[0] as string);
  const prints: Record<string, unknown> = {};
  for (const name of names) {
    const [rows] = await pool.query(`CHECKSUM TABLE \`${name}\``);
    prints[name] = (rows as { Checksum: unknown }[])[0]?.Checksum;
  }
  const keys = Object.values(keysOf('demo' as never) as unknown as Record<string, string>).filter((key) => typeof key === 'string');
  for (const key of keys) prints[key] = (await booking.connection.redis.dumpBuffer(key))?.toString('hex') ?? null;
  return prints;
}

const mine = routes.filter(({ api }) => api === 'booking');
const goodBody = (route: Route, { hold, payment }: Standing): Record<string, unknown> | undefined => {
  if (route.body === undefined) return undefined;
  if (route.path === '/entry') return { entryToken: 'x', clientKey: newKey() };
  if (route.path.endsWith('/holds')) return { seats: [40] };
  if (route.method === 'PUT') return { seats: [41] };
  if (route.path === '/orders') return { show: 'demo', hold: hold.id };
  if (route.path.endsWith('/confirm')) return { paymentKey: 'x', orderId: payment.providerOrderId, amount: payment.amount };
  return undefined;
};

t.test('bad input on every route gets a problem and changes nothing', { timeout: 100_000 }, async (t) => {
  const fan = await standing();
  t.equal(mine.length, 19);
  const before = await fingerprint();
  let asked = 0;
  type Change = { readonly url?: string; readonly payload?: string | object; readonly bare?: boolean; readonly headers?: Record<string, string> };
  const ask = async (route: Route, name: string, change: Change): Promise<void> => {
    const url = change.url ?? pathOf(route, fan);
    const proof = {
      ...(change.bare === true ? {} : { ...fan.inside.headers, [ORDER_KEY_HEADER]: fan.order.orderKey as string }),
      'idempotency-key': newKey(),
      ...(typeof change.payload === 'string' ? { 'content-type': 'application/json' } : {}),
    };
    const answer = await app.inject({
      method: route.method,
      url,
      headers: { ...proof, ...change.headers },
      ...(change.payload === undefined ? {} : { payload: change.payload }),
    });
    asked += 1;
    const where = `${route.method} ${route.path}, ${name}`;
    const sound =
      answer.statusCode >= 400 &&
      answer.statusCode !== 500 &&
      String(answer.headers['content-type']).startsWith('application/problem+json') &&
      isProblemCode(answer.json<Problem>().code) &&
      answer.json<Problem>().status === answer.statusCode;
    if (!sound) t.fail(`${where}: ${answer.statusCode} ${answer.body.slice(0, 160)}`);
    for (const secret of [fan.inside.clientKey, fan.inside.session, fan.order.orderKey as string])
      if (answer.body.includes(secret)) t.fail(`${where}: the answer repeats a secret`);
  };
  for (const route of mine) {
    const good = goodBody(route, fan);
    // A stranger's bell is answered 200 and dropped: that is its contract.
    if (route.path === '/webhooks/toss') continue;
    if (route.path.includes(':show')) {
      for (const slug of BAD_SLUGS)
        await ask(route, `show ${slug.slice(0, 12)}`, { url: pathOf(route, fan, { show: slug }), ...(good === undefined ? {} : { payload: good }) });
      await ask(route, 'a show nobody sells', { url: pathOf(route, fan, { show: 'nobody-sells-this' }), ...(good === undefined ? {} : { payload: good }) });
    }
    if (route.path.includes(':id')) {
      for (const id of [...BAD_IDS, NOBODYS_ID])
        await ask(route, `id ${id}`, { url: pathOf(route, fan, { id }), ...(good === undefined ? {} : { payload: good }) });
    }
    if (route.path.includes(':n'))
      for (const n of ['0', '-1', 'x', '100', '1.5', '77'])
        await ask(route, `attempt ${n}`, { url: pathOf(route, fan, { n }), ...(good === undefined ? {} : { payload: good }) });
    if (good !== undefined) {
      for (const text of BROKEN) await ask(route, `body ${text.slice(0, 14)}`, { payload: text });
      await ask(route, 'another media type', { payload: '<a/>', headers: { 'content-type': 'text/xml' } });
      for (const field of Object.keys(good)) {
        for (const value of NONSENSE) {
          if (field === 'clientKey' && value === undefined) continue;
          if (field === 'entryToken' && typeof value === 'string' && value !== '') continue;
          if (field === 'paymentKey' || (field === 'seats' && value === 0)) continue;
          await ask(route, `${field} ${JSON.stringify(value).slice(0, 20)}`, { payload: { ...good, [field]: value } });
        }
      }
      await ask(route, 'an unknown member', { payload: { ...good, price: 1 } });
    }
    if (route.idempotent === true) {
      await ask(route, 'no Idempotency-Key', { headers: { 'idempotency-key': '' }, ...(good === undefined ? {} : { payload: good }) });
      await ask(route, 'a bad Idempotency-Key', {
        headers: { 'idempotency-key': pick(random, ['x', 'a b c d e f g h', 'ㄱ'.repeat(8), 'x'.repeat(300)]).normalize() },
        ...(good === undefined ? {} : { payload: good }),
      }).catch(() => undefined);
    }
    if (route.needs === 'order-key')
      for (const key of ['', 'x', newKey(), 'x'.repeat(5_000)])
        await ask(route, `order key ${key.slice(0, 6)}`, { headers: { [ORDER_KEY_HEADER]: key }, ...(good === undefined ? {} : { payload: good }) });
    const nobodys = [{ [CLIENT_KEY_HEADER]: 'x' }, { cookie: `${DEVICE_COOKIE}=v1.${newKey()}.${'A'.repeat(43)}` }];
    if (route.needs === 'order-key' || route.needs === 'holder')
      for (const headers of [...nobodys, ...(route.needs === 'holder' ? [] : [{ [CLIENT_KEY_HEADER]: newKey() }])])
        await ask(route, 'no key, and no device of ours or that of another', { bare: true, headers, ...(good === undefined ? {} : { payload: good }) });
  }
  await ask(mine.find(({ path }) => path.endsWith('/confirm')) as Route, 'another amount', {
    payload: { paymentKey: 'x', orderId: fan.payment.providerOrderId, amount: fan.payment.amount - 1 },
  });
  await ask(mine.find(({ path }) => path.endsWith('/confirm')) as Route, "another order's id", {
    payload: { paymentKey: 'x', orderId: 'somebody-elses-order', amount: fan.payment.amount },
  });
  t.same(await fingerprint(), before, 'every table and the room are as they were');
  t.ok(asked > 300, `${asked} bad requests`);
});

t.test("a stranger's bell is answered and forgotten", async (t) => {
  const before = await fingerprint();
  booking.queriesSince();
  for (const payload of [{}, [], { eventType: 'PAYMENT_STATUS_CHANGED', data: { orderId: 'x' } }, { orderId: 'o'.repeat(64), status: 'DONE', secret: 'x' }]) {
    const answer = await app.inject({ method: 'POST', url: `${BOOKING_PREFIX}/webhooks/toss`, payload });
    t.equal(answer.statusCode, 200, answer.body);
  }
  t.same(booking.queriesSince(), [], 'no query');
  t.same(await fingerprint(), before);
});

t.test('a bell of ours that cannot be written down is rung again', async (t) => {
  for (const heard of ['not-now', 'over-budget', 'noted'] as const) {
    const [logger, metrics] = [createLogger({ name: 'bell', level: 'silent' }), createMetrics(`bell-${heard}`)];
    const deaf = await buildApp({ logger, metrics, publicOrigins: [PORTAL], checkReplies: true }, { ...booking.wired.context, bell: async () => heard });
    const answer = await deaf.inject({ method: 'POST', url: `${BOOKING_PREFIX}/webhooks/toss`, payload: {} });
    t.equal(answer.statusCode, heard === 'noted' ? 200 : 503, heard);
    await deaf.close();
  }
});

function pathOf(route: Route, fan: Standing, { show = 'demo', id, n = '1' }: { show?: string; id?: string; n?: string } = {}): string {
  const own = route.path.startsWith('/orders') ? fan.order.id : fan.hold.id;
  return `${BOOKING_PREFIX}${route.path
    .replace(':show', show)
    .replace(':id', id ?? own)
    .replace(':n', n)}`;
}
