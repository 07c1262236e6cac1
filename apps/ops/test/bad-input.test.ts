import t from 'tap';
import { BODY_BYTES_MAX, isProblemCode, routes, type Problem, type Route } from '@onsale/contract';
import { pick, seededRandom } from '@onsale/kernel';
import { api, dumpOf, PASSWORD, startOps } from './start-ops.ts';

/**
 * Bad input for every route of the contract, made from the list of routes: each answer must be a problem of the registry; the room's row, the
 * audit log and the room's data in Redis must be the same before and after.
 */
const seed = process.env['ONSALE_SEED'] ?? String(Date.now());
const random = seededRandom(seed);
t.comment(`ONSALE_SEED=${seed}`);

const running = await startOps(t);
const { app } = running.ops;
const operator = await running.makeOperator();

type Bad = { readonly name: string; readonly payload?: string; readonly headers?: Record<string, string>; readonly url?: string };

const json = { 'content-type': 'application/json' };
const NONSENSE: readonly unknown[] = [
  null, true, -1, 1.5, 1e308, '', 'x', 'ㄱ'.repeat(300), [], [[]], {}, { a: 1 }, { ko: 1, en: 2 }, { ko: 'x' }, '__proto__', Number.MAX_SAFE_INTEGER, '\u0000',
];
/** Values that are no nonsense for that field. */
const MAY_BE: Readonly<Record<string, readonly unknown[]>> = {
  ratePerMinute: [null], capacity: [null], opensAtMs: [null], cause: ['', 'x', '__proto__', '\u0000'], name: ['x'], password: ['x'],
};
const FIELDS: Record<string, readonly string[]> = {
  '/sessions': ['name', 'password'],
  '/rooms/:room': ['ratePerMinute', 'capacity', 'phase', 'opensAtMs', 'name', 'callMs', 'cause'],
  '/shows/:show/limits': ['idleSessionMs', 'attemptsPerSession', 'cause'],
};
const BODIES: Record<string, object> = { '/sessions': { name: operator.name, password: `not ${PASSWORD}` }, '/rooms/:room': { capacity: 5 },
  '/shows/:show/limits': { attemptsPerSession: 5 },
};

const valid = (route: Route): object => BODIES[route.path] as object;

function badBodies(route: Route): Bad[] {
  const fields = (FIELDS[route.path] as string[]).flatMap((field) =>
    NONSENSE.filter((value) => !MAY_BE[field]?.includes(value)).map((value) => ({
      name: `${field} ${JSON.stringify(value)?.slice(0, 30)}`, payload: JSON.stringify({ ...valid(route), [field]: value }),
    })),
  );
  return [
    { name: 'broken JSON', payload: '{"capacity":' },
    { name: 'no JSON', payload: 'hello' },
    { name: 'nothing', payload: '' },
    { name: 'an array', payload: '[]' },
    { name: 'a huge body', payload: JSON.stringify({ ...valid(route), cause: 'x'.repeat(BODY_BYTES_MAX) }) },
    { name: 'another media type', payload: '<a/>', headers: { 'content-type': 'text/xml' } },
    { name: 'a form', payload: 'capacity=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    { name: 'poisoned keys', payload: '{"__proto__":{"x":1},"capacity":1}' },
    { name: 'an unknown member', payload: JSON.stringify({ ...valid(route), epoch: 9 }) },
    ...fields,
  ];
}

const badRooms = ['NOT-A-SLUG', '-', 'a'.repeat(49), '%00', 'a%2Fb', 'ㄱ', 'x'.repeat(300), 'nobody-knows-this'];
const badQueries = ['limit=0', 'limit=x', 'limit=1e9', 'limit=-1', 'limit=', 'limit[]=1', 'after=../x', 'after=-', 'before=0', 'before=x', 'before=1e99'];
const badVersions = ['', '*', '1', '"x"', '"1', '"-1"', '"1.5"', `"${'9'.repeat(30)}"`, '"1", "2"', '"2"', '"999999999999999"'];

t.test('bad input on every route gets a problem and changes nothing', async (t) => {
  const { room } = await running.makeRoom();
  await app.inject({ url: api(`/rooms/${room}`), headers: operator.headers });
  const stateOf = async (): Promise<string> => {
    const [acts] = await running.pool.query('SELECT COUNT(*) AS acts FROM audit_log');
    const [rows] = await running.pool.query('SELECT * FROM room ORDER BY room');
    return JSON.stringify([acts, rows, await dumpOf(running.connection, room)]);
  };
  const before = await stateOf();
  let asked = 0;
  const ask = async (route: Route, bad: Bad): Promise<void> => {
    asked += 1;
    const answer = await app.inject({
      method: route.method, url: bad.url ?? api(route.path.replace(':room', room)),
      headers: { ...operator.headers, 'if-match': '"1"', ...(route.body === undefined ? {} : json), ...bad.headers },
      remoteAddress: `198.51.100.${pick(random, Array.from({ length: 250 }, (_, index) => index + 1))}`,
      ...(bad.payload === undefined ? {} : { payload: bad.payload }),
    });
    const where = `${route.method} ${route.path}: ${bad.name}`;
    if (answer.statusCode < 400 || answer.statusCode >= 500) t.fail(`${where} answered ${answer.statusCode} ${answer.body.slice(0, 200)}`);
    if (!String(answer.headers['content-type']).startsWith('application/problem+json')) t.fail(`${where}: ${String(answer.headers['content-type'])}`);
    const problem = answer.json<Problem>();
    if (!isProblemCode(problem.code) || problem.status !== answer.statusCode) t.fail(`${where}: ${answer.body.slice(0, 200)}`);
    if (answer.body.includes(operator.token) || answer.body.includes(PASSWORD)) t.fail(`${where}: the answer repeats a secret`);
  };
  const mine = routes.filter(({ api: name }) => name === 'ops');
  for (const route of mine) {
    const payload = route.body === undefined ? {} : { payload: JSON.stringify(valid(route)) };
    if (route.path.includes(':room')) {
      for (const slug of badRooms) await ask(route, { name: `room ${slug.slice(0, 20)}`, url: api(route.path.replace(':room', encodeURI(slug))), ...payload });
    }
    if (route.body !== undefined) for (const bad of badBodies(route)) await ask(route, bad);
    if (route.refuses?.includes('if-match-required') === true) {
      for (const version of badVersions) await ask(route, { name: `If-Match ${version}`, headers: { 'if-match': version }, ...payload });
    }
    if (/journal|audit-log/.test(route.path)) {
      const applies = (query: string): boolean => !query.startsWith(route.path.endsWith('journal') ? 'before' : 'after') && query !== 'limit[]=1';
      for (const query of badQueries.filter(applies)) await ask(route, { name: query, url: `${api(route.path.replace(':room', room))}?${query}` });
    }
    if (route.method !== 'GET') await ask(route, { name: 'a page of another origin', headers: { origin: 'https://evil.example' }, ...payload });
  }
  t.ok(asked > 150, `${asked} bad requests`);
  t.equal(await stateOf(), before);
});

t.test('a good request after all that still works', async (t) => {
  const { room } = await running.makeRoom();
  const headers = { ...operator.headers, 'if-match': '"1"' };
  const answer = await app.inject({ method: 'PATCH', url: api(`/rooms/${room}`), headers, payload: { capacity: 5 } });
  t.equal(answer.statusCode, 200);
});
