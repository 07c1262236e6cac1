import t from 'tap';
import { GaugesMessage, JournalReply, routes, type Problem } from '@onsale/contract';
import { changeRoom, disableOperator, listActs } from '@onsale/control';
import { valueOf, type RoomId } from '@onsale/kernel';
import { configure, createCaller, join, readGauges, type RoomGauges, type RoomSettings as InForce } from '@onsale/waiting-room';
import { Compile } from 'typebox/compile';
import { api, bearer, PASSWORD, startOps, until, type DeskReply } from './start-ops.ts';

const running = await startOps(t);
const { app } = running.ops;
const operator = await running.makeOperator();

const patch = (room: string, version: number | string | undefined, payload: object, headers = operator.headers) => {
  const condition = version === undefined ? {} : { 'if-match': `"${version}"` };
  return app.inject({ method: 'PATCH', url: api(`/rooms/${room}`), headers: { ...headers, ...condition }, payload });
};
const get = (path: string, headers: Record<string, string> = operator.headers) => app.inject({ url: api(path), headers });
const inForce = async (room: RoomId): Promise<InForce> => ((await readGauges(running.connection, room)) as RoomGauges).settings;

t.test('signing in, and out', async (t) => {
  const signIn = (payload: object) => app.inject({ method: 'POST', url: api('/sessions'), payload });
  const wrong = await signIn({ name: operator.name, password: 'x' });
  t.match(wrong.json(), { status: 401, code: 'bad-credentials' });
  t.same((await signIn({ name: 'nobody', password: 'x' })).json(), wrong.json(), 'a wrong name is told like a wrong password');
  const answer = await signIn({ name: operator.name, password: PASSWORD });
  t.equal(answer.statusCode, 201);
  const { token, name, remainingMs } = answer.json<{ token: string; name: string; remainingMs: number }>();
  t.equal(name, operator.name);
  t.ok(remainingMs > 3_600_000);
  t.equal((await get('/rooms', bearer(token))).statusCode, 200);
  t.equal((await app.inject({ method: 'DELETE', url: api('/sessions'), headers: bearer(token) })).statusCode, 204);
  t.match((await get('/rooms', bearer(token))).json(), { status: 401, code: 'not-signed-in' });
  t.notOk(running.logs.join('').includes(token), 'no token in the log');
  t.notOk(running.logs.join('').includes(PASSWORD), 'no password in the log');
});

t.test('tries to sign in are paced', async (t) => {
  const names = await running.makeOperator();
  const codes: number[] = [];
  for (let index = 0; index < 8; index += 1) {
    const answer = await app.inject({ method: 'POST', url: api('/sessions'), payload: { name: names.name, password: 'wrong' }, remoteAddress: '198.51.100.7' });
    codes.push(answer.statusCode);
    if (answer.statusCode === 429) t.ok(Number(answer.headers['retry-after']) >= 1);
  }
  t.same(codes, [401, 401, 401, 401, 401, 429, 429, 429]);
});

t.test('a right password is let in from a source that guesses; however the name is typed, it is one name', async (t) => {
  const { name } = await running.makeOperator();
  const from = (typed: string, password: string) =>
    app.inject({ method: 'POST', url: api('/sessions'), payload: { name: typed, password }, remoteAddress: '198.51.100.9' });
  const codes: number[] = [];
  for (const typed of [name, `${name} `, ` ${name}`, name.toUpperCase(), `${name}\u00a0`, name]) codes.push((await from(typed, 'wrong')).statusCode);
  t.same(codes, [401, 401, 401, 401, 401, 429]);
  t.equal((await from(name, PASSWORD)).statusCode, 201);
});

t.test('who fails to sign in, and who lacks a role, is in the log, without secrets', async (t) => {
  const { room } = await running.makeRoom();
  const organiser = await running.makeOperator('organiser');
  const secret = `my password ${organiser.name}`;
  running.logs.length = 0;
  // Each kind is told once in a while: another test may just have had its turn.
  let source = 0;
  const signIn = (name: string) =>
    app.inject({ method: 'POST', url: api('/sessions'), payload: { name, password: secret }, remoteAddress: `192.0.2.${(source += 1) % 250}` });
  await until(async () => {
    await signIn(organiser.name);
    await signIn(secret);
    await app.inject({ method: 'PATCH', url: api(`/rooms/${room}`), headers: { ...organiser.headers, 'if-match': '"1"' }, payload: { capacity: 1 } });
    return ['"what":"bad-credentials"', '"what":"forbidden"'].every((word) => running.logs.some((line) => line.includes(word)));
  });
  const text = running.logs.join('');
  t.match(text, new RegExp(`"operator":"${organiser.name}"`));
  for (const word of [secret, organiser.token, '192.0.2.']) t.notOk(text.includes(word), 'no secret, no address');
});

t.test('a sign-in queue that is full is 503, and whoever is signed in still brakes', async (t) => {
  const { room } = await running.makeRoom();
  const operator = await running.makeOperator();
  const crowd = Array.from({ length: 60 }, (_, index) =>
    app.inject({
      method: 'POST', url: api('/sessions'), payload: { name: `somebody-${index}`, password: PASSWORD }, remoteAddress: `198.51.100.${100 + index}`,
    }));
  const pause = await app.inject({
    method: 'PATCH', url: api(`/rooms/${room}`), headers: { ...operator.headers, 'if-match': '"1"' }, payload: { phase: 'paused' },
  });
  t.equal(pause.statusCode, 200, pause.body);
  const answers = await Promise.all(crowd);
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))].sort(), [401, 503]);
  t.ok(answers.find(({ statusCode }) => statusCode === 503)?.headers['retry-after']);
});

t.test('every route that needs an operator refuses who is none', async (t) => {
  const { room } = await running.makeRoom();
  const gate = await running.makeOperator('gate');
  const gone = await running.makeOperator();
  await disableOperator(running.pool, gone.name, { actor: 'test', cause: '' });
  const mine = routes.filter(({ api: name }) => name === 'ops');
  t.equal(mine.length, 12);
  for (const route of mine) {
    t.ok(app.hasRoute({ method: route.method, url: api(route.path) }), route.path);
    if (route.needs !== 'operator') continue;
    const url = api(route.path.replace(':room', room).replace(':show', 'demo'));
    const payload = route.path.includes(':show') ? { attemptsPerSession: 10 } : { capacity: 1 };
    const ask = (headers: Record<string, string>) =>
      app.inject({ method: route.method, url, headers: { 'if-match': '"1"', ...headers }, ...(route.method === 'PATCH' ? { payload } : {}) });
    for (const headers of [{}, bearer(''), bearer('x'), bearer('A'.repeat(43)), bearer(gone.token), { authorization: `Basic ${operator.token}` }]) {
      t.match((await ask(headers)).json(), { status: 401, code: 'not-signed-in' }, `${route.method} ${route.path}`);
    }
    if (route.method !== 'DELETE') t.match((await ask(gate.headers)).json(), { status: 403, code: 'forbidden' });
  }
  t.equal((await running.saved(room)).version, 1);
});

t.test('an organiser watches and changes nothing', async (t) => {
  const { room } = await running.makeRoom();
  const organiser = await running.makeOperator('organiser');
  t.equal((await get(`/rooms/${room}`, organiser.headers)).statusCode, 200);
  t.match((await patch(room, 1, { capacity: 1 }, organiser.headers)).json(), { status: 403, code: 'forbidden' });
  t.equal((await running.saved(room)).version, 1);
});

t.test('a change is saved, in force and in the audit log', async (t) => {
  const { room } = await running.makeRoom();
  const before = await get(`/rooms/${room}`);
  t.match(before.json(), { room, version: 1, capacity: 500, inForce: true, saved: true });
  t.equal(before.headers['etag'], '"1"');
  const answer = await patch(room, 1, { capacity: 40, ratePerMinute: null, name: { ko: '새 이름', en: 'New name' }, cause: 'slow database' });
  t.equal(answer.statusCode, 200, answer.body);
  t.match(answer.json(), { version: 2, capacity: 40, ratePerMinute: null, name: { en: 'New name' }, inForce: true, saved: true });
  t.equal(answer.headers['etag'], '"2"');
  t.match(await running.saved(room), { version: 2, capacity: 40, ratePerMinute: null });
  t.match(await inForce(room), { version: 2, capacity: 40, ratePerMinute: null });
  const listed = (await get('/rooms')).json<{ rooms: { room: string }[] }>().rooms.find((one) => one.room === room);
  t.match(listed, { version: 2, inForce: true }, 'the list knows it at once');
  const log = (await get(`/rooms/${room}/audit-log`)).json<{ records: object[]; next: null }>();
  t.match(log.records[0], { actor: operator.name, cause: 'slow database', action: 'room.change', before: { capacity: 500 }, after: { capacity: 40 } });
  t.equal((await get('/rooms')).json<{ rooms: DeskReply[] }>().rooms.find(({ room: name }) => name === room)?.capacity, 40);
});

t.test('a change needs the version that is in force', async (t) => {
  const { room } = await running.makeRoom();
  t.match((await patch(room, undefined, { capacity: 1 })).json(), { status: 428, code: 'if-match-required' });
  t.match((await patch(room, 'x', { capacity: 1 })).json(), { status: 428, code: 'if-match-required' });
  t.equal((await patch(room, 1, { capacity: 7 })).statusCode, 200);
  t.match((await patch(room, 1, { capacity: 9 })).json(), { status: 412, code: 'version-conflict', version: 2 });
  t.match((await patch('nobody-made-this', 1, { capacity: 9 })).json(), { status: 404, code: 'not-found' });
  const race = await Promise.all(Array.from({ length: 6 }, (_, index) => patch(room, 2, { capacity: 100 + index })));
  t.same(race.map(({ statusCode }) => statusCode).sort(), [200, 412, 412, 412, 412, 412], 'of six at once, one wins');
  t.equal((await inForce(room)).version, 3);
});

t.test('what may not be set is told with its field and bounds', async (t) => {
  const { room } = await running.makeRoom({ phase: 'paused' });
  const bad: [object, object][] = [
    [{ ratePerMinute: 600_001 }, { field: 'ratePerMinute', least: 0, most: 600_000 }],
    [{ ratePerMinute: '5' }, { field: 'ratePerMinute', least: 0, most: 600_000 }],
    [{ capacity: -1 }, { field: 'capacity', least: 0, most: 1_000_000 }],
    [{ callMs: 999 }, { field: 'callMs', least: 1_000, most: 600_000 }],
    [{ name: { ko: ' ', en: 'x' } }, { field: 'name', least: 1, most: 200 }],
    [{ phase: 'dancing' }, { field: 'phase' }],
    [{ opensAtMs: 5 }, { field: 'opensAtMs' }],
    [{ epoch: 2 }, {}],
  ];
  for (const [payload, problem] of bad) {
    t.match((await patch(room, 1, payload)).json(), { status: 400, code: 'bad-request', ...problem }, JSON.stringify(payload));
  }
  t.match((await patch(room, 1, { phase: 'scheduled' })).json(), { status: 409, code: 'room-not-open', from: 'paused', to: 'scheduled' });
  t.equal((await patch(room, 1, { phase: 'closed' })).statusCode, 200);
  t.match((await patch(room, 2, { phase: 'open' })).json(), { status: 409, code: 'room-not-open' });
  const open = await running.makeRoom();
  t.match((await patch(open.room, 1, { phase: 'scheduled' })).json(), { status: 400, code: 'bad-request', field: 'phase', from: 'open', to: 'scheduled' });
});

t.test('a room that opened by itself can be paused at once', async (t) => {
  const { room } = await running.makeRoom({ phase: 'scheduled', opensAtMs: Date.now() - 1_000 });
  const caller = createCaller(running.connection, room, () => performance.now());
  await until(async () => {
    await caller.tick();
    return ((await readGauges(running.connection, room)) as RoomGauges).phase === 'open';
  });
  const seen = (await get(`/rooms/${room}`)).json<DeskReply>();
  t.equal(seen.phase, 'open', 'the desk saves that it has opened');
  t.equal((await patch(room, seen.version, { phase: 'paused' })).statusCode, 200);
  t.match(await running.saved(room), { phase: 'paused' });
});

t.test('settings of MySQL that Redis has not got are put in force', async (t) => {
  const { room } = await running.makeRoom();
  valueOf(await changeRoom(running.pool, { room, version: 1, patch: { capacity: 77 }, actor: 'somebody', cause: 'past ops' }));
  await until(async () => (await inForce(room)).capacity === 77);
  t.equal((await inForce(room)).version, 2);
  t.match((await get(`/rooms/${room}`)).json(), { version: 2, inForce: true });
});

t.test('the list does not call a change of another process waiting when it is in force', async (t) => {
  const { room, ...settings } = await running.makeRoom();
  t.equal((await get(`/rooms/${room}`)).statusCode, 200);
  await configure(running.connection, { ...settings, room, version: 2, capacity: 78 });
  valueOf(await changeRoom(running.pool, { room, version: 1, patch: { capacity: 78 }, actor: 'elsewhere', cause: '' }));
  const listed = (await get('/rooms')).json<{ rooms: DeskReply[] }>().rooms.find((one) => one.room === room);
  t.match(listed, { version: 2, capacity: 78, inForce: true, saved: true });
});

t.test('a room that Redis does not know is not made by ops', async (t) => {
  const { room } = await running.makeRoom({}, false);
  t.match((await get(`/rooms/${room}`)).json(), { room, inForce: false, saved: true });
  t.match((await patch(room, 1, { capacity: 3 })).json(), { version: 2, inForce: false, saved: true });
  t.match((await get(`/rooms/${room}/gauges`)).json(), { status: 503, code: 'recovering' });
  t.equal((await readGauges(running.connection, room)).word, 'no-room');
});

t.test('gauges have the documented shape, and say which limit binds', async (t) => {
  const { room } = await running.makeRoom({ capacity: 2, ratePerMinute: null });
  await join(running.connection, room, Array.from({ length: 5 }, () => ({ identity: Buffer.from(crypto.getRandomValues(new Uint8Array(16))) })));
  const caller = createCaller(running.connection, room, () => performance.now());
  await caller.tick();
  await caller.tick();
  const shape = Compile(GaugesMessage);
  const answer = await get(`/rooms/${room}/gauges`);
  const gauges = answer.json<GaugesMessage>();
  t.ok(shape.Check(gauges), answer.body);
  t.match(gauges, { room, phase: 'open', limit: 'capacity', reason: 'capacity', waiting: 3, called: 2, joined: 5, capacity: 2, ratePerMinute: null });
  t.match(gauges.booking, { free: 0, held: 0, sold: 0, blocked: 0, ordersPaid: 0, sessionsLive: 0, sessionsNearAttempts: 0, holdsLapsed: 0 });
  t.ok((gauges.mysql?.connections ?? 0) >= 1);
  t.ok((gauges.mysql?.queriesPerSecond ?? -1) >= 0);
  await patch(room, 1, { phase: 'paused' });
  t.match((await get(`/rooms/${room}/gauges`)).json(), { phase: 'paused', reason: 'paused' }, 'a change is seen by the next reader');
  t.match((await get('/rooms/nobody-made-this/gauges')).json(), { status: 404 });
});

t.test('booking’s figures count seats, paid orders and living sessions of the room’s shows', async (t) => {
  const show = `s-${Math.random().toString(36).slice(2, 10)}`;
  const { room } = await running.makeRoom({ shows: [show as never] });
  const states = ['free', 'free', 'free', 'held', 'sold', 'sold', 'blocked'];
  const seats = states.map((state, seat) => [show, seat, 'R', state, /held|sold/.test(state) ? Buffer.alloc(16, seat) : null]);
  await running.pool.query('INSERT INTO seat (show_id, seat_no, grade, state, claim) VALUES ?', [seats]);
  const sid = (byte: number): Buffer => Buffer.alloc(16, byte);
  const lasting = (place: number, minutes: number) =>
    running.pool.query(
      'INSERT INTO entry_session (room, place, sid, person, binding, shows, made_at, until_at) VALUES (?, ?, ?, ?, ?, ?, NOW(3), NOW(3) + INTERVAL ? MINUTE)',
      [room, place, sid(place), sid(place), 'x', JSON.stringify([show]), minutes],
    );
  await lasting(1, 5);
  await lasting(2, 5);
  await lasting(3, -5);
  await running.pool.query("INSERT INTO session_end (sid, reason, at) VALUES (?, 'left', NOW(3))", [sid(2)]);
  const { booking } = (await get(`/rooms/${room}/gauges`)).json<GaugesMessage>();
  t.match(booking, { free: 3, held: 1, sold: 2, blocked: 1, ordersPaid: 0, sessionsLive: 1 });
});

t.test('the journal is read page by page', async (t) => {
  const { room } = await running.makeRoom();
  for (let version = 2; version <= 12; version += 1) await configure(running.connection, { ...(await inForce(room)), version, capacity: version });
  const shape = Compile(JournalReply);
  const found: { id: string; kind: string; capacity?: number }[] = [];
  let after = '0';
  for (let page = 0; page < 10; page += 1) {
    const answer = (await get(`/rooms/${room}/journal?after=${after}&limit=5`)).json<JournalReply>();
    t.ok(shape.Check(answer));
    found.push(...(answer.entries as never[]));
    after = answer.next;
    if (answer.entries.length < 5) break;
  }
  t.equal(found.filter(({ kind }) => kind === 'settings').length >= 12, true);
  t.equal(new Set(found.map(({ id }) => id)).size, found.length, 'nothing twice');
  t.same((await get(`/rooms/${room}/journal?after=${after}`)).json(), { entries: [], next: after });
  for (const query of ['after=x', 'limit=0', 'limit=1001', 'after=99999999999999999999', 'after=0-99999999999999999999']) {
    t.match((await get(`/rooms/${room}/journal?${query}`)).json<Problem>(), { status: 400, code: 'bad-request' }, query);
  }
  t.match((await get('/rooms/nobody-made-this/journal')).json(), { status: 404 });
});

t.test('the audit log is read page by page, the latest first', async (t) => {
  const { room } = await running.makeRoom();
  for (let version = 1; version <= 5; version += 1) await patch(room, version, { capacity: version });
  type Page = { records: { id: number; at: string; after: { capacity: number } }[]; next: number | null };
  const first = (await get(`/rooms/${room}/audit-log?limit=4`)).json<Page>();
  t.same(first.records.map(({ after }) => after.capacity), [5, 4, 3, 2]);
  const second = (await get(`/rooms/${room}/audit-log?limit=4&before=${first.next}`)).json<Page>();
  t.equal(second.records.length, 2, 'the last change and the making of the room');
  t.equal(second.next, null);
  t.equal((await listActs(running.pool, { subject: `room:${room}` })).length, 6);
  t.match((await get('/rooms/nobody-made-this/audit-log')).json(), { status: 404 });
});
