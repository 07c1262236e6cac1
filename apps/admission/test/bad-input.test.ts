import t from 'tap';
import { ADMISSION_PREFIX, BODY_BYTES_MAX, INTERNAL_SECRET_HEADER, isProblemCode, routes, type Problem, type Route } from '@onsale/contract';
import { pick, seededRandom, shuffled } from '@onsale/kernel';
import { bearer, configFor, dumpOf, joinRoom, newKey, pathOf, startAdmission, type Running } from './start-admission.ts';
import { wire } from '../src/wire.ts';

/**
 * Bad input for every route of the contract, made from the list of routes: each answer must be a problem of the registry, and the room's
 * data must be the same bytes before and after.
 */
const seed = process.env['ONSALE_SEED'] ?? String(Date.now());
const random = seededRandom(seed);
t.comment(`ONSALE_SEED=${seed}`);

const running: Running = await startAdmission();
t.teardown(() => running.close());
const secret = running.config.secrets.internal[0] as string;

type Bad = { readonly name: string; readonly payload?: string | object; readonly headers?: Record<string, string>; readonly url?: (url: string) => string };

const json = { 'content-type': 'application/json' };
const NONSENSE: readonly unknown[] = [
  null, true, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, '', 'x', 'ㄱ'.repeat(50), '__proto__', '\u0000', [], [[]], {}, { a: 1 },
];

function badBodies(): Bad[] {
  return [
    { name: 'broken JSON', payload: '{"clientKey":', headers: json },
    { name: 'no JSON', payload: 'hello', headers: json },
    { name: 'a huge body', payload: JSON.stringify({ clientKey: 'x'.repeat(BODY_BYTES_MAX) }), headers: json },
    { name: 'another media type', payload: '<a/>', headers: { 'content-type': 'text/xml' } },
    { name: 'a form', payload: 'clientKey=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    { name: 'an array', payload: '[]', headers: json },
    { name: 'poisoned keys', payload: '{"__proto__":{"x":1},"clientKey":"a"}', headers: json },
    ...NONSENSE.map((value) => ({ name: `clientKey ${JSON.stringify(value)}`, payload: JSON.stringify({ clientKey: value }), headers: json })),
    { name: 'an unknown member', payload: JSON.stringify({ clientKey: newKey(), place: 1 }), headers: json },
  ];
}

const inRoom = (slug: string): Bad => ({ name: `room ${slug.slice(0, 20)}`, url: (url) => url.replace(/\/rooms\/[^/]+/, `/rooms/${encodeURI(slug)}`) });
const badRooms = ['NOT-A-SLUG', '-', 'a'.repeat(49), '%00', 'a%2Fb', '..', 'ㄱ', 'x'.repeat(300)].map(inRoom);
const unknownRoom = inRoom('nobody-knows-this');

function badIdentities(receipt: string): Bad[] {
  const flipped = shuffled(random, [...receipt].map((_, index) => index)).slice(0, 8).map((index) => {
    const other = pick(random, [...'ABCDEFabcdef0123-_'].filter((letter) => letter !== receipt[index]));
    return receipt.slice(0, index) + other + receipt.slice(index + 1);
  });
  const texts = ['', 'x', 'a.b.c', 'x'.repeat(8_000), receipt.slice(1), `${receipt}A`];
  return [
    { name: 'no receipt', headers: { authorization: '' } },
    { name: 'Basic', headers: { authorization: 'Basic abc' } },
    ...[...texts, ...flipped].map((text) => ({ name: `receipt ${text.slice(0, 10)}…`, headers: bearer(text) })),
    { name: 'a broken cookie', headers: { authorization: '', cookie: 'onsale_device=v1.aaaa.bbbb', origin: 'http://localhost:3000' } },
  ];
}

const urlOf = (route: Route, room: string): string => (route.api === 'admission' ? ADMISSION_PREFIX : '') + route.path.replace(':room', room);

t.test('bad input on every route gets a problem and changes nothing', async (t) => {
  const { room } = await running.makeRoom();
  const fans = [await joinRoom(running, room), await joinRoom(running, room)];
  const [fan] = fans as [Awaited<ReturnType<typeof joinRoom>>];
  const before = await dumpOf(running.connection, room);
  const ask = async (route: Route, bad: Bad): Promise<void> => {
    const server = route.api === 'admission' ? running.admission.app : running.admission.app.inside;
    const proof: Record<string, string> = route.needs === 'internal' ? { [INTERNAL_SECRET_HEADER]: secret } : {};
    const url = urlOf(route, room);
    const answer = await server.inject({
      method: route.method, url: bad.url?.(url) ?? url, headers: { ...proof, ...bad.headers },
      ...(bad.payload === undefined ? {} : { payload: bad.payload }),
    });
    const where = `${route.method} ${route.path}: ${bad.name}`;
    const { statusCode, body } = answer;
    if (statusCode < 400 || statusCode >= 600 || statusCode === 500) t.fail(`${where} answered ${statusCode} ${body.slice(0, 200)}`);
    if (!String(answer.headers['content-type']).startsWith('application/problem+json')) t.fail(`${where}: not sent as a problem`);
    const problem = answer.json<Problem>();
    if (!isProblemCode(problem.code) || problem.status !== answer.statusCode) t.fail(`${where}: ${answer.body.slice(0, 200)}`);
    if (answer.body.includes(fan.clientKey) || answer.body.includes(fan.receipt)) t.fail(`${where}: the answer repeats a secret`);
  };
  const mine = routes.filter(({ api }) => api === 'admission' || api === 'admission-internal');
  t.equal(mine.length, 10);
  for (const route of mine) {
    const rooms = !route.path.includes(':room') ? [] : route.needs === 'internal' ? badRooms : [...badRooms, unknownRoom];
    for (const bad of rooms) await ask(route, { ...bad, headers: { ...bearer(fan.receipt), ...json }, ...bodyFor(route) });
    if (route.body !== undefined) for (const bad of badBodies()) await ask(route, bad);
    if (route.needs === 'receipt') for (const bad of badIdentities(fan.receipt)) await ask(route, bad);
    if (route.needs === 'identity') await ask(route, { name: 'no identity', payload: {} });
    const wrongSecrets = route.needs === 'internal' ? ['', 'x', secret.slice(1), `${secret}x`] : [];
    for (const wrong of wrongSecrets) await ask(route, { name: 'a wrong internal secret', payload: redeemBody(), headers: internalProof(wrong) });
  }
  const redeemRoute = mine.find(({ needs }) => needs === 'internal') as Route;
  for (const field of ['place', 'epoch', 'callNo', 'binding']) {
    for (const value of NONSENSE) await ask(redeemRoute, { name: `${field} ${JSON.stringify(value)}`, payload: { ...redeemBody(), [field]: value } });
  }
  const { inside } = running.admission.app;
  const unknown = await inside.inject({ method: 'POST', url: '/rooms/nobody-knows-this/redeem', payload: redeemBody(), headers: internalProof(secret) });
  t.match(unknown.json(), { word: 'recovering', remainingMs: 0 });
  // Wrong phase of the place: in line, not called.
  for (const route of mine.filter(({ path }) => path.endsWith('/entry'))) await ask(route, { name: 'not called', headers: bearer(fan.receipt) });
  t.equal(await dumpOf(running.connection, room), before, 'the room is the same, byte for byte');
});

const redeemBody = (): object => ({ place: 2 ** 32 + 1, epoch: 1, callNo: 1, binding: 'A'.repeat(43) });
const bodyFor = (route: Route): Pick<Bad, 'payload'> => {
  if (route.body === undefined) return {};
  return { payload: route.needs === 'internal' ? redeemBody() : { clientKey: newKey() } };
};
const internalProof = (text: string): Record<string, string> => ({ [INTERNAL_SECRET_HEADER]: text });

t.test('replays change nothing: join, leave and enter again, a token redeemed twice', async (t) => {
  const { room } = await running.makeRoom({ rejoin: false });
  const fan = await joinRoom(running, room);
  await running.call(room);
  const { app } = running.admission;
  const enter = () => app.inject({ method: 'POST', url: pathOf(room, '/places/me/entry'), headers: bearer(fan.receipt) });
  const token = (await enter()).json<{ entryToken: string }>().entryToken;
  const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()) as { callNo: number; cnf: { kh: string } };
  const redeem = (binding = claims.cnf.kh) =>
    app.inside.inject({
      method: 'POST', url: `/rooms/${room}/redeem`, headers: internalProof(secret), payload: { place: fan.me.place, epoch: 1, callNo: claims.callNo, binding },
    });
  t.match((await redeem()).json(), { word: 'redeemed' });
  const before = await dumpOf(running.connection, room);
  t.match((await redeem()).json(), { word: 'again' });
  t.match((await redeem('B'.repeat(42) + 'A')).json(), { word: 'used' });
  await enter();
  t.equal((await app.inject({ method: 'POST', url: pathOf(room, '/places/me/return'), headers: bearer(fan.receipt) })).statusCode, 200);
  t.equal(await dumpOf(running.connection, room), before);
  const leave = () => app.inject({ method: 'DELETE', url: pathOf(room, '/places/me'), headers: bearer(fan.receipt) });
  const join = () => app.inject({ method: 'POST', url: pathOf(room, '/places'), payload: { clientKey: fan.clientKey } });
  await leave();
  const ended = await dumpOf(running.connection, room);
  for (const replay of [enter, redeem, leave, join]) await replay();
  t.equal(await dumpOf(running.connection, room), ended);
});

t.test('Redis away: 503 with Retry-After on every route that needs it, and none of them hangs', async (t) => {
  const away = await wire(configFor({ redisUrl: 'redis://127.0.0.1:1' }));
  t.teardown(() => away.close());
  for (const [method, url] of [['GET', pathOf('demo')], ['POST', pathOf('demo', '/places')], ['GET', pathOf('demo', '/frame')]] as const) {
    const answer = await away.app.inject({ method, url, ...(method === 'POST' ? { payload: { clientKey: newKey() } } : {}) });
    t.match(answer.json(), { status: 503, code: 'unavailable' }, url);
    t.ok(Number(answer.headers['retry-after']) >= 1);
  }
  t.equal((await away.app.inside.inject({ url: '/health/live' })).statusCode, 200);
  t.equal((await away.app.inside.inject({ url: '/health/ready' })).statusCode, 503);
});

t.test('what the contract lists is what is served', async (t) => {
  const { app } = running.admission;
  for (const { api, method, path } of routes) {
    if (api === 'admission') t.ok(app.hasRoute({ method, url: ADMISSION_PREFIX + path }), path);
    if (api === 'admission-internal') t.ok(app.inside.hasRoute({ method, url: path }), path);
  }
});
