import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { Type } from 'typebox';
import { BOOKING_PREFIX, ProblemError, problems } from '@onsale/contract';
import {
  buildServer, createLogger, createMetrics, etagOfVersion, idempotencyOf, ifMatchVersionOf, languageOf, replyWithETag, type OnsaleServer, type ServerOptions,
} from '@onsale/runtime';

const ORIGIN = 'http://localhost:3000';

async function open(t: Test, over: Partial<ServerOptions> = {}): Promise<{ app: OnsaleServer; log: string[] }> {
  const log: string[] = [];
  const logger = createLogger({ name: 'test', destination: { write: (line) => { log.push(line); } } });
  const app = await buildServer({ name: 'test', logger, metrics: createMetrics('test'), publicOrigins: [ORIGIN], checkReplies: true, ...over });
  t.teardown(() => app.close());
  return { app, log };
}
const Body = Type.Object({ seats: Type.Array(Type.Integer(), { maxItems: 4 }), note: Type.Optional(Type.String()) }, { additionalProperties: false });

t.test('every refusal is a problem, and none repeats what was sent', async (t) => {
  const { app } = await open(t);
  const schema = { body: Body, params: Type.Object({ n: Type.Integer({ minimum: 1 }) }) };
  app.post('/seats/:n', { schema }, async ({ body, params }) => ({ seats: body.seats, n: params.n }));
  const post = (payload: unknown, url = '/seats/3', headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    app.inject({ method: 'POST', url, headers, payload: typeof payload === 'string' ? payload : JSON.stringify(payload) });
  const good = await post({ seats: [1, 2] });
  t.same([good.statusCode, good.json()], [200, { seats: [1, 2], n: 3 }], 'a path parameter is converted, a body is not');
  const cases: Array<[string, Awaited<ReturnType<typeof post>>, number, string]> = [
    ['wrong type', await post({ seats: ['SECRET-17'] }), 400, 'bad-request'],
    ['a number as text', await post({ seats: ['17'] }), 400, 'bad-request'],
    ['a member too many', await post({ seats: [], SECRET: 1 }), 400, 'bad-request'],
    ['too many members', await post({ seats: [1, 2, 3, 4, 5] }), 400, 'bad-request'],
    ['missing', await post({}), 400, 'bad-request'],
    ['null', await post('null'), 400, 'bad-request'],
    ['not JSON', await post('{"SECRET'), 400, 'bad-request'],
    ['empty', await post(''), 400, 'bad-request'],
    ['prototype poisoning', await post('{"__proto__": {"SECRET": 1}, "seats": []}'), 400, 'bad-request'],
    ['wrong parameter', await post({ seats: [] }, '/seats/SECRET'), 400, 'bad-request'],
    ['parameter below its minimum', await post({ seats: [] }, '/seats/0'), 400, 'bad-request'],
    ['not JSON by type', await post('seats=1', '/seats/3', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'unsupported-media-type'],
    ['too large', await post({ seats: [], note: 'SECRET'.repeat(5_000) }), 413, 'too-large'],
    ['unknown route', await post({}, '/SECRET'), 404, 'not-found'],
    ['broken path', await app.inject({ method: 'GET', url: '/%zz' }), 400, 'bad-request'],
    ['wrong method', await app.inject({ method: 'DELETE', url: '/seats/3' }), 404, 'not-found'],
  ];
  for (const [what, reply, status, code] of cases) {
    t.equal(reply.statusCode, status, what);
    t.match(reply.headers['content-type'], /^application\/problem\+json/, what);
    const problem = reply.json<{ code: string; status: number; type: string; title: string }>();
    t.same([problem.code, problem.status, problem.type], [code, status, `/problems#${code}`], what);
    t.notMatch(reply.body, /SECRET|17/, `${what}: nothing of the request comes back`);
    t.equal(reply.headers['cache-control'], 'no-store', what);
    t.equal(reply.headers['x-content-type-options'], 'nosniff', what);
  }
  t.match(cases[0]?.[1].json(), { pointer: '/body/seats/0' });
});

t.test('what a route throws: a refusal is told, a bug is hidden and logged under its incident', async (t) => {
  class PoolBusy extends Error {}
  const translateError = (error: Error) => (error instanceof PoolBusy ? new ProblemError('overloaded', { retryAfterMs: 2_500 }) : undefined);
  const { app, log } = await open(t, { translateError });
  app.get('/taken', async () => { throw new ProblemError('seat-taken', { alternatives: [7] }); });
  app.get('/busy', async () => { throw new PoolBusy('all connections lent'); });
  app.get('/bug', async () => { throw new TypeError('password=SECRET'); });
  app.get('/bare', async () => { throw 'SECRET'; });
  app.get('/lies', { schema: { response: { 200: Type.Object({ seat: Type.Integer() }) } } }, async () => ({ seat: 'SECRET' as never }));
  t.match((await app.inject('/taken')).json(), { code: 'seat-taken', status: 409, alternatives: [7] });
  const busy = await app.inject('/busy');
  t.same([busy.statusCode, busy.headers['retry-after'], busy.json().retryAfterMs], [503, '3', 2_500]);
  for (const url of ['/bug', '/bare', '/lies']) {
    const reply = await app.inject(url);
    t.equal(reply.statusCode, 500, url);
    t.notMatch(reply.body, 'SECRET', url);
    const { incident } = reply.json<{ incident: string }>();
    t.ok(log.some((line) => line.includes(incident)), `${url} is logged under its incident`);
  }
  t.equal(log.length, 3, 'refusals are not logged');
  t.match(log[2], /breaks its schema at \/seat/);
  t.equal((await app.inject({ url: '/taken', headers: { 'accept-language': 'ko-KR,ko;q=0.9,en;q=0.8' } })).json().title, problems['seat-taken'].ko);
  t.same(['ko', 'en, ko;q=0.5', 'fr', undefined, 'KO-kr'].map(languageOf), ['ko', 'en', 'en', 'en', 'ko']);
});

t.test('writes from a foreign page are refused, programs and our own pages pass', async (t) => {
  const { app } = await open(t);
  let writes = 0;
  app.post('/write', async () => ({ writes: (writes += 1) }));
  app.post('/bell', { config: { originCheck: false } }, async () => ({}));
  app.get('/read', async () => ({}));
  const send = async (method: 'GET' | 'POST', url: string, headers: Record<string, string>) => (await app.inject({ method, url, headers })).statusCode;
  t.equal(await send('POST', '/write', { origin: ORIGIN, cookie: 'a=b' }), 200);
  t.equal(await send('POST', '/write', {}), 200, 'a program without cookies');
  t.equal(await send('POST', '/write', { cookie: 'a=b', 'sec-fetch-site': 'same-origin' }), 200);
  const before = writes;
  t.equal(await send('POST', '/write', { origin: 'https://evil.example', cookie: 'a=b' }), 403);
  t.equal(await send('POST', '/write', { origin: 'https://evil.example' }), 403);
  t.equal(await send('POST', '/write', { origin: 'null', cookie: 'a=b' }), 403);
  t.equal(await send('POST', '/write', { cookie: 'a=b' }), 403, 'cookies without any proof of where they come from');
  t.equal(await send('POST', '/write', { cookie: 'a=b', 'sec-fetch-site': 'cross-site' }), 403);
  t.equal(writes, before, 'nothing was written');
  t.equal(await send('POST', '/bell', { origin: 'https://provider.example', cookie: 'a=b' }), 200);
  t.equal(await send('GET', '/read', { origin: 'https://evil.example', cookie: 'a=b' }), 200);
});

t.test('a socket is refused to a foreign page, and while it lives it is no request in flight', async (t) => {
  const { app } = await open(t);
  const config = { url: '/socket', method: 'GET', websocket: true, handler: () => new Promise<object>(() => undefined) } as const;
  app.route(config as never);
  const foreign = await app.inject({ url: '/socket', headers: { origin: 'https://evil.example', cookie: 'a=b' } });
  t.match([foreign.statusCode, foreign.json().code], [403, 'origin-refused']);
  void app.inject({ url: '/socket', headers: { origin: ORIGIN, cookie: 'a=b' } });
  await new Promise(setImmediate);
  t.equal(app.pressure.inFlight, 0);
});

t.test('past its bound of requests in flight it refuses at once, money last, health never', async (t) => {
  const { app } = await open(t, { shed: { inFlightMax: 10, loopDelayMaxMs: 60_000 } });
  const waiting: Array<() => void> = [];
  app.get('/hold', { config: { importance: 'money' } }, () => new Promise<object>((done) => { waiting.push(() => done({})); }));
  app.get('/map', { config: { importance: 'read' } }, async () => ({}));
  app.get('/join', async () => ({}));
  app.get('/confirm', { config: { importance: 'money' } }, async () => ({}));
  const statusOf = async (url: string) => (await app.inject(url)).statusCode;
  const seen: Record<number, number[]> = {};
  const held: Array<Promise<unknown>> = [];
  for (const inFlight of [0, 5, 7, 9]) {
    while (waiting.length < inFlight) {
      held.push(app.inject('/hold').then());
      await new Promise(setImmediate);
    }
    seen[inFlight] = [await statusOf('/map'), await statusOf('/join'), await statusOf('/confirm'), (await app.inside.inject('/health/live')).statusCode];
  }
  t.same(seen, { 0: [200, 200, 200, 200], 5: [503, 200, 200, 200], 7: [503, 503, 200, 200], 9: [503, 503, 503, 200] });
  const shed = await app.inject('/join');
  t.match(shed.json(), { code: 'overloaded', status: 503 });
  t.equal(app.pressure.inFlight, 9);
  for (const release of waiting) release();
  await Promise.all(held);
  t.equal(app.pressure.inFlight, 0, 'every request is counted out again');
  t.equal(await statusOf('/map'), 200);
});

t.test('a request whose client hangs up is counted out, a handler that hangs is answered for', async (t) => {
  const { app } = await open(t, { budgetMs: 300 });
  app.get('/never', () => new Promise<object>(() => undefined));
  const url = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const socket = connect(Number(url.port), '127.0.0.1');
  socket.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => app.pressure.inFlight === 1);
  socket.destroy();
  await until(() => app.pressure.inFlight === 0);
  const reply = await fetch(new URL('/never', url));
  t.equal(reply.status, 503);
  await reply.body?.cancel();
  await until(() => app.pressure.inFlight === 0);
});

t.test('a body that is broken off, or of no JSON type, is the client’s doing: no error line, and the server goes on', async (t) => {
  const { app, log } = await open(t);
  app.post('/none', async () => ({}));
  app.post('/body', { schema: { body: Body } }, async () => ({}));
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  for (let n = 0; n < 20; n += 1) {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    socket.write('POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"seats"');
    await until(() => app.pressure.inFlight === 1);
    if (n % 2 === 0) socket.destroy();
    else socket.resetAndDestroy();
    await until(() => app.pressure.inFlight === 0);
  }
  t.same(log, []);
  for (const [type, payload, status] of [
    ['json', '', 415], ['json', '{}', 415], ['application/json', '', 400], ['text/plain', '', 415], ['text/plain', '{}', 415],
    ['', '', 415], ['a/b; c', '', 415],
  ] as const)
    for (const url of ['/none', '/body']) {
      const reply = await app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });
      t.equal(reply.statusCode, status, `${url}: "${type}" with "${payload}"`);
    }
  t.equal((await app.inject({ method: 'POST', url: '/none' })).statusCode, 200, 'no body and no type is nothing to refuse');
});

t.test('half a head lives for about five seconds, whatever has come of it', async (t) => {
  const { app } = await open(t);
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const lives = await Promise.all(['', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nX: '].map(async (head) => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined).resume();
    const since = performance.now();
    if (head !== '') socket.write(head);
    await once(socket, 'close');
    return performance.now() - since;
  }));
  t.ok(lives.every((ms) => ms < 9_000), `${lives.map(Math.round).join(', ')} ms`);
});

t.test('each route has its own time budget: the contract’s, a listener’s own, the usual one', async (t) => {
  const { app } = await open(t, { budgetMs: 500 });
  const never = () => new Promise<object>(() => undefined);
  app.get('/usual', never);
  app.get('/patient', { config: { budgetMs: 1_500 } }, never);
  const confirmed = Promise.withResolvers<object>();
  app.post(`${BOOKING_PREFIX}/orders/:id/payments/:n/confirm`, () => confirmed.promise);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const at = performance.now();
  const took = async (url: string): Promise<number> => {
    t.equal((await app.inject(url)).statusCode, 503, url);
    return performance.now() - at;
  };
  const confirm = app.inject({ method: 'POST', url: `${BOOKING_PREFIX}/orders/x/payments/1/confirm` }).then(({ statusCode }) => statusCode);
  const [usual, patient] = await Promise.all([took('/usual'), took('/patient')]);
  t.ok(usual < patient && patient >= 1_250, `${Math.round(usual)} ms, ${Math.round(patient)} ms`);
  confirmed.resolve({});
  t.equal(await confirm, 200, 'a confirm was still being answered');
});

t.test('what is not HTTP gets a problem too', async (t) => {
  const { app } = await open(t);
  const url = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const talk = (text: string) => new Promise<string>((done) => {
    let heard = '';
    const socket = connect(Number(url.port), '127.0.0.1', () => { socket.write(text); });
    socket.on('data', (data) => { heard += data.toString(); }).on('close', () => done(heard)).on('error', () => undefined);
  });
  t.match(await talk('NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 [^]*application\/problem\+json/);
  t.match(await talk(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
});

t.test('ready says what is missing, and stops being ready before it closes', async (t) => {
  let redis = true;
  const { app } = await open(t, { ready: { redis: () => redis, slow: async () => true, throws: () => { if (!redis) throw new Error('x'); return true; } } });
  t.equal((await app.inside.inject('/health/ready')).statusCode, 200);
  t.equal((await app.inside.inject('/health/live')).statusCode, 200);
  redis = false;
  const reply = await app.inside.inject('/health/ready');
  t.same([reply.statusCode, reply.json()], [503, { ready: false, checks: { redis: false, slow: true, throws: false, open: true } }]);
  t.equal((await app.inside.inject('/health/live')).statusCode, 200);
});

t.test('metrics count by route and class, and the label set is bounded by the routes', async (t) => {
  const { app } = await open(t);
  app.get('/shows/:show', async () => ({}));
  for (const show of ['a', 'b', 'c']) await app.inject(`/shows/${show}`);
  await app.inject('/nothing/here');
  const text = (await app.inside.inject('/metrics')).body;
  t.match(text, /onsale_http_request_seconds_count\{method="GET",route="\/shows\/:show",status="2xx",app="test"\} 3/);
  t.match(text, /onsale_http_request_seconds_bucket\{[^}]*route="\/shows\/:show"[^}]*le="\+Inf"[^}]*\} 3/);
  t.notMatch(text, 'nothing/here');
  t.match(text, /nodejs_eventloop_lag_seconds/);
  const metrics = createMetrics('x');
  const counter = metrics.counter('refusals', 'Refusals', { reason: ['late', 'full'] });
  counter.add({ reason: 'late' });
  counter.add({ reason: 'anything a client made up' }, 2);
  const counted = await metrics.text();
  t.match(counted, /refusals\{reason="late",app="x"\} 1/);
  t.match(counted, /refusals\{reason="other",app="x"\} 2/);
});

t.test('idempotency keys, versions and ETags', async (t) => {
  const { app } = await open(t);
  app.post('/make', async (request) => ({ key: idempotencyOf(request).key, mark: idempotencyOf(request).request }));
  app.post('/make/:n', async (request) => ({ mark: idempotencyOf(request).request }));
  app.patch('/change', async (request) => ({ version: ifMatchVersionOf(request) }));
  let built = 0;
  app.get('/tagged', (request, reply) => replyWithETag(request, reply, etagOfVersion(7), () => ({ built: (built += 1) })));
  const make = (key: string | undefined) => app.inject({ method: 'POST', url: '/make', headers: key === undefined ? {} : { 'idempotency-key': key } });
  t.match((await make('abcd-1234')).json(), { key: 'abcd-1234' });
  t.match((await make('"abcd-1234"')).json(), { key: 'abcd-1234' });
  const markOf = async (payload?: object, url = '/make') =>
    (await app.inject({ method: 'POST', url, headers: { 'idempotency-key': 'abcd-1234' }, ...(payload && { payload }) })).json<{ mark: string }>().mark;
  t.equal(await markOf({ a: [1, 2], b: { c: 1, d: 2 } }), await markOf({ b: { d: 2, c: 1 }, a: [1, 2] }), 'the order of members is nobody\'s business');
  t.equal(await markOf(), await markOf({}), 'nothing and no members are the same');
  t.match(await markOf(), /^[\w-]{22}$/);
  const marks = await Promise.all([markOf({ a: [1, 2] }), markOf({ a: [2, 1] }), markOf({ a: '1' }), markOf({ a: 1 }), markOf({}), markOf({}, '/make/1')]);
  t.equal(new Set(marks).size, marks.length, 'anything else is another request');
  for (const bad of [undefined, '', 'short', 'x'.repeat(65), 'with space in', 'ünïcode12']) {
    t.match((await make(bad)).json(), { code: 'idempotency-key-missing', status: 400 });
  }
  t.same((await app.inject({ method: 'PATCH', url: '/change', headers: { 'if-match': '"12"' } })).json(), { version: 12 });
  t.match((await app.inject({ method: 'PATCH', url: '/change' })).json(), { code: 'if-match-required', status: 428 });
  const first = await app.inject('/tagged');
  t.same([first.statusCode, first.headers.etag], [200, '"7"']);
  for (const header of ['"7"', 'W/"7"', '"6", "7"', '*']) {
    const again = await app.inject({ url: '/tagged', headers: { 'if-none-match': header } });
    t.same([again.statusCode, again.body], [304, ''], header);
  }
  t.equal(built, 1, 'an unchanged body is not even built');
  t.equal((await app.inject({ url: '/tagged', headers: { 'if-none-match': '"6"' } })).statusCode, 200);
});

t.test('OpenAPI 3.1 of the contract is served under its prefix', async (t) => {
  const { app } = await open(t, { api: { title: 'Booking', description: 'A test', version: '1', api: 'booking' } });
  const answer = await app.inject(`${BOOKING_PREFIX}/docs/json`);
  t.match(answer.headers['cache-control'], /public/);
  t.match(answer.json(), { openapi: '3.1.0', info: { title: 'Booking' }, servers: [{ url: BOOKING_PREFIX }] });
});

t.test('a refusal that the contract does not declare for the route is a bug, told outside production', async (t) => {
  for (const checkReplies of [true, false]) {
    const { app } = await open(t, { checkReplies });
    app.delete(`${BOOKING_PREFIX}/entry`, async () => { throw new ProblemError('sold-out'); });
    app.get(`${BOOKING_PREFIX}/entry`, async () => { throw new ProblemError('session-ended'); });
    const undeclared = await app.inject({ method: 'DELETE', url: `${BOOKING_PREFIX}/entry` });
    if (checkReplies) t.match(undeclared.json(), { status: 500, code: 'internal', detail: /sold-out/ });
    else t.match(undeclared.json(), { status: 409, code: 'sold-out' });
    t.match((await app.inject(`${BOOKING_PREFIX}/entry`)).json(), { status: 401, code: 'session-ended' });
  }
});

async function until(true_: () => boolean, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!true_()) {
    if (performance.now() > deadline) throw new Error('did not happen in time');
    await new Promise((done) => { setTimeout(done, 5); });
  }
}
