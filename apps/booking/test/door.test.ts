import t from 'tap';
import { BOOKING_PREFIX, CLIENT_KEY_HEADER, ORDER_KEY_HEADER, routes, SeatSocketInput, type Problem, type SessionReply } from '@onsale/contract';
import { bindingOf, makeEntryKey, signEntrySession, type HolderSecret } from '@onsale/entry-token';
import { FAILURE_LIMITS, SHOWS_PER_ROOM_MAX, type Place, type RoomId, type ShowId } from '@onsale/kernel';
import { makeOnSale } from '@onsale/testing';
import Schema from 'typebox/schema';
import { entryTokenOf, forgeToken, goInside, joinLine, newKey, startBooking, TIMELESS } from './start-booking.ts';

const booking = await startBooking(TIMELESS);
t.teardown(() => booking.close());
const { app } = booking;
const ALLOWANCE = FAILURE_LIMITS.burst;
const countsOf = (codes: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
};
const enter = (entryToken: unknown, clientKey?: unknown) =>
  app.inject({
    method: 'POST',
    url: `${BOOKING_PREFIX}/entry`,
    payload: { ...(entryToken === undefined ? {} : { entryToken }), ...(clientKey === undefined ? {} : { clientKey }) } as object,
  });

t.test('no, forged, expired and foreign tokens are refused without a query', async (t) => {
  const clientKey = newKey();
  const sound = forgeToken(booking, clientKey);
  const [head, body, signature] = sound.split('.') as [string, string, string];
  const cases: [string, unknown, unknown, number, string][] = [
    ['none', undefined, clientKey, 400, 'bad-request'],
    ['no holder', sound, undefined, 428, 'no-identity'],
    ['not a token', 'hello', clientKey, 401, 'token-invalid'],
    ['signed by another key', forgeToken(booking, clientKey, { key: makeEntryKey('entry-forged') }), clientKey, 401, 'token-invalid'],
    [
      'our kid, another key',
      forgeToken(booking, clientKey, { key: { ...makeEntryKey('x'), kid: booking.system.secrets.entryKeys[0]?.kid as string } }),
      clientKey,
      401,
      'token-invalid',
    ],
    [
      'another body under our signature',
      `${head}.${Buffer.from(Buffer.from(body, 'base64url').toString().replace('"demo"', '"dem0"')).toString('base64url')}.${signature}`,
      clientKey,
      401,
      'token-invalid',
    ],
    ['expired', forgeToken(booking, clientKey, { enteredAtMs: Date.now() - 3_600_000 }), clientKey, 401, 'token-expired'],
    ["another client's", sound, newKey(), 403, 'holder-mismatch'],
    ['of a place that never entered', forgeToken(booking, clientKey, { place: 4_294_967_296 + 900_000 }), clientKey, 401, 'token-invalid'],
  ];
  for (const [name, token, key, status, code] of cases) {
    booking.queriesSince();
    const answer = await enter(token, key);
    t.equal(answer.statusCode, status, `${name}: ${answer.body}`);
    t.equal(answer.json<Problem>().code, code, name);
    t.same(booking.queriesSince(), [], `${name}: no query`);
  }
});

t.test('a token opens booking once, for its holder, and again for the same holder only', async (t) => {
  const fan = await joinLine(booking);
  const token = await entryTokenOf(booking, fan);
  const first = await enter(token, fan.clientKey);
  t.equal(first.statusCode, 201, first.body);
  const again = await enter(token, fan.clientKey);
  t.equal(again.statusCode, 200, 'the same holder gets the same session');
  const [one, other] = [first, again].map((answer) =>
    Buffer.from(answer.json<SessionReply>().session?.split('.')[1] ?? '', 'base64url')
      .subarray(0, 16)
      .toString('hex'),
  );
  t.equal(one, other, 'one session id');
  booking.queriesSince();
  const thief = await enter(token, newKey());
  t.equal(thief.statusCode, 403);
  t.same(booking.queriesSince(), [], 'another client: no query');
});

t.test('the proof is checked first: a sound token passes from a source that has forged, which alone is slowed', async (t) => {
  const fan = await joinLine(booking);
  const token = await entryTokenOf(booking, fan);
  const source = '198.51.100.66';
  const forged = forgeToken(booking, fan.clientKey, { key: makeEntryKey(booking.system.secrets.entryKeys[0]?.kid as string) });
  const enterFrom = (entryToken: string, remoteAddress = source) =>
    app.inject({ method: 'POST', url: `${BOOKING_PREFIX}/entry`, payload: { entryToken, clientKey: fan.clientKey }, remoteAddress });
  booking.queriesSince();
  const codes = await Promise.all(Array.from({ length: 150 }, async () => (await enterFrom(forged)).json<Problem>().code));
  t.same(countsOf(codes), { 'token-invalid': ALLOWANCE, 'rate-limited': 150 - ALLOWANCE });
  t.same(booking.queriesSince(), [], 'and none costs a query');
  t.equal((await enterFrom(forged, '198.51.100.67')).json<Problem>().code, 'token-invalid', 'a neighbour');
  t.equal((await enterFrom(token)).statusCode, 201);
});

t.test('a slow fan and a wrong device are no forgers; a token of another house is foreign though its key is ours', async (t) => {
  const fan = await joinLine(booking);
  const enterFrom = (entryToken: string, clientKey = fan.clientKey) =>
    app.inject({ method: 'POST', url: `${BOOKING_PREFIX}/entry`, payload: { entryToken, clientKey }, remoteAddress: '198.51.100.70' });
  const old = forgeToken(booking, fan.clientKey, { enteredAtMs: Date.now() - 900_000 });
  const mine = forgeToken(booking, fan.clientKey);
  for (let index = 0; index < 70; index += 1) {
    t.equal((await enterFrom(old)).json<Problem>().code, 'token-expired');
    t.equal((await enterFrom(mine, newKey())).json<Problem>().code, 'holder-mismatch');
  }
  const foreign = await enterFrom(forgeToken(booking, fan.clientKey, { iss: 'https://another.example' }));
  t.same([foreign.statusCode, foreign.json<Problem>().code], [403, 'token-foreign']);
});

t.test('a used token is refused from the waiting room alone', async (t) => {
  const inside = await goInside(booking);
  t.equal((await app.inject({ method: 'DELETE', url: `${BOOKING_PREFIX}/entry`, headers: inside.headers })).statusCode, 204);
  const { finish } = await import('@onsale/waiting-room');
  await finish(booking.connection, 'demo' as never, inside.place);
  booking.queriesSince();
  const answer = await enter(forgeToken(booking, inside.clientKey, { place: inside.place }), inside.clientKey);
  t.equal(answer.statusCode, 401, answer.body);
  t.same(booking.queriesSince(), []);
});

t.test('a session replayed by another client, forged, ended or of another room is refused without a query, on every gated route', async (t) => {
  await makeOtherRoom();
  const inside = await goInside(booking);
  const foreign = await goInside(booking, 'other');
  const gated = routes.filter((route) => route.api === 'booking' && route.needs === 'session');
  t.ok(gated.length >= 8);
  const left = await goInside(booking);
  await app.inject({ method: 'DELETE', url: `${BOOKING_PREFIX}/entry`, headers: left.headers });
  await new Promise((resolve) => setTimeout(resolve, 600));
  for (const route of gated) {
    const url = `${BOOKING_PREFIX}${route.path.replace(':show', 'demo').replace(':id', 'AAAAAAAAAAAAAAAAAAAAAA')}`;
    const payload = route.path.endsWith('/holds')
      ? { seats: [1] }
      : route.path === '/orders'
        ? { show: 'demo', hold: 'AAAAAAAAAAAAAAAAAAAAAA' }
        : route.method === 'PUT'
          ? { seats: [2] }
          : undefined;
    const ask = (headers: Record<string, string>) =>
      app.inject({ method: route.method, url, headers: { 'idempotency-key': newKey(), ...headers }, ...(payload === undefined ? {} : { payload }) });
    const write = route.method !== 'GET';
    const refusals: [string, Record<string, string>, string[]][] = [
      ['none', {}, ['no-session']],
      ['forged', { authorization: `Bearer ${inside.session.slice(0, -2)}AA`, [CLIENT_KEY_HEADER]: inside.clientKey }, ['no-session']],
      ["another client's", { authorization: `Bearer ${inside.session}`, [CLIENT_KEY_HEADER]: newKey() }, ['holder-mismatch']],
      ['ended', left.headers, ['session-ended']],
      ...(write ? [['without its key', { authorization: `Bearer ${inside.session}` }, ['no-identity']] as [string, Record<string, string>, string[]]] : []),
      ...(route.path.includes(':show') || route.path === '/orders'
        ? [['of another room', foreign.headers, ['token-foreign']] as [string, Record<string, string>, string[]]]
        : []),
    ];
    for (const [name, headers, codes] of refusals) {
      booking.queriesSince();
      const answer = await ask(headers);
      t.ok(codes.includes(answer.json<Problem>().code), `${route.method} ${route.path}, ${name}: ${answer.statusCode} ${answer.body.slice(0, 120)}`);
      t.same(booking.queriesSince(), [], `${route.method} ${route.path}, ${name}: no query`);
    }
  }
  booking.queriesSince();
  await app.inject({ method: 'GET', url: `${BOOKING_PREFIX}/entry`, headers: inside.headers });
  t.not(booking.queriesSince().length, 0, 'the counter counts: a sound session does cost queries');
});

t.test("a stranger without an order's key costs no query, with a guess few", async (t) => {
  const asked = routes.filter((route) => route.api === 'booking' && route.needs === 'order-key');
  t.equal(asked.length, 6);
  const nobodys = 'AAAAAAAAAAAAAAAAAAAAAA';
  const ask = ({ method, path }: (typeof asked)[number], headers: Record<string, string>) =>
    app.inject({
      method,
      url: `${BOOKING_PREFIX}${path.replace(':id', nobodys).replace(':n', '1')}`,
      headers: { 'idempotency-key': newKey(), ...headers },
      ...(path.endsWith('/confirm') ? { payload: { paymentKey: 'x', orderId: 'somebodys', amount: 100 } } : {}),
      ...(path.endsWith('/buyer') ? { payload: { name: 'Kim', email: 'kim@example.test' } } : {}),
    });
  booking.queriesSince();
  for (const route of asked) {
    for (const headers of [{}, { [ORDER_KEY_HEADER]: '' }, { [ORDER_KEY_HEADER]: 'x'.repeat(23) }] as Record<string, string>[]) {
      t.equal((await ask(route, headers)).json<Problem>().code, 'not-found');
    }
  }
  t.same(booking.queriesSince(), [], 'what cannot be a key');
  const [first] = asked as [(typeof asked)[number]];
  const codes = await Promise.all(Array.from({ length: 200 }, async () => (await ask(first, { [ORDER_KEY_HEADER]: newKey() })).json<Problem>().code));
  t.same(countsOf(codes), { 'not-found': ALLOWANCE, 'rate-limited': 200 - ALLOWANCE }, 'guesses of one source');
});

t.test('layouts of shows that nobody sells cost a source few queries, and nothing of those that are open', async (t) => {
  const layout = (show: string, ip: string) => app.inject({ url: `${BOOKING_PREFIX}/shows/${show}/layout`, remoteAddress: ip });
  await makeOnSale(booking.system, { slug: 'third', ratePerMinute: null }).catch((error: unknown) => {
    if (!/operator-exists/.test(String(error))) throw error;
  });
  const crowd = await Promise.all(Array.from({ length: 200 }, async () => (await layout('third', '203.0.113.8')).statusCode));
  t.same([...new Set(crowd)], [200], 'a crowd behind one address, for a show that nobody has asked for before');
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => layout(`nobody-sells-${n}`, '203.0.113.7')));
  const codes = answers.map((answer) => answer.json<Problem>().code);
  t.same(countsOf(codes), { 'not-found': ALLOWANCE, 'rate-limited': 200 - ALLOWANCE }, 'only these were answered');
  t.equal((await layout('third', '203.0.113.7')).statusCode, 200, 'an open show costs no query');
});

t.test('the longest session fits into the first message of the seat socket', (t) => {
  const shows = Array.from({ length: SHOWS_PER_ROOM_MAX }, (_, n) => `${'s'.repeat(46)}${10 + n}` as ShowId);
  const [sid, person, binding] = [Buffer.alloc(16), Buffer.alloc(16), bindingOf(newKey() as HolderSecret)];
  const [key] = booking.wired.context.sessionKeys;
  const untilMs = Date.now() + 60_000;
  const session = signEntrySession({ sid, person, binding, shows, room: 'r'.repeat(48) as RoomId, place: 4_294_967_297 as Place, untilMs }, key);
  t.ok(Schema.Compile(SeatSocketInput).Check({ type: 'hello', session }), `${session.length} characters`);
  t.end();
});

async function makeOtherRoom(): Promise<void> {
  await makeOnSale(booking.system, { slug: 'other', ratePerMinute: null }).catch((error: unknown) => {
    if (!/operator-exists/.test(String(error))) throw error;
  });
}
