import t from 'tap';
import type { GaugesMessage } from '@onsale/contract';
import { changeRoom, listActs } from '@onsale/control';
import { valueOf, type RoomId } from '@onsale/kernel';
import { configure, readGauges, type RoomGauges } from '@onsale/waiting-room';
import { brakeOf, brakeStanding, mayBrake } from '../src/rules/brakes.ts';
import { api, PASSWORD, startOps, until, type DeskReply } from './start-ops.ts';

const running = await startOps(t);
const { app } = running.ops;
const operator = await running.makeOperator();
const other = await running.makeOperator();

const patch = (room: string, version: number, payload: object, headers = operator.headers) =>
  app.inject({ method: 'PATCH', url: api(`/rooms/${room}`), headers: { ...headers, 'if-match': `"${version}"` }, payload });
const get = (path: string, headers = operator.headers) => app.inject({ url: api(path), headers });
const gaugesOf = async (room: RoomId): Promise<RoomGauges> => (await readGauges(running.connection, room)) as RoomGauges;
/** The desk has seen the room, so that it knows it without MySQL; both operators are known too. */
const seen = async (room: RoomId): Promise<void> => {
  t.equal((await get(`/rooms/${room}`)).statusCode, 200);
  await get(`/rooms/${room}`, other.headers);
};
const isSettled = async (room: RoomId): Promise<boolean> => {
  const [saved, { settings }] = [await running.saved(room), await gaugesOf(room)];
  return saved.version === settings.version && saved.phase === settings.phase && saved.ratePerMinute === settings.ratePerMinute;
};
t.afterEach(() => running.proxy.heal());

t.test('only what lets fewer fans through is a brake', async (t) => {
  const open = { phase: 'open', ratePerMinute: 600, capacity: null };
  const brakes: [object, object | undefined][] = [
    [{ phase: 'paused' }, { phase: 'paused' }],
    [{ ratePerMinute: 599, cause: 'x' }, { ratePerMinute: 599 }],
    [{ ratePerMinute: 600 }, {}],
    [{ ratePerMinute: 601 }, undefined],
    [{ ratePerMinute: null }, undefined],
    [{ capacity: 5 }, { capacity: 5 }],
    [{ capacity: 5, phase: 'paused', ratePerMinute: 0 }, { capacity: 5, phase: 'paused', ratePerMinute: 0 }],
    [{ capacity: 5, ratePerMinute: 700 }, undefined],
    [{ phase: 'open' }, undefined],
    [{ phase: 'closed' }, undefined],
    [{ capacity: 5, callMs: 1_000 }, undefined],
    [{ capacity: 5, callMs: undefined }, { capacity: 5 }],
    [{}, undefined],
    [{ cause: 'x' }, undefined],
  ];
  for (const [asked, brake] of brakes) t.same(brakeOf(asked as never, open), brake, JSON.stringify(asked));
  t.equal(brakeOf({ phase: 'paused' }, { ...open, phase: 'scheduled' }), undefined);
  t.equal(brakeOf({ phase: 'paused' }, { ...open, phase: 'closed' }), undefined);
  t.notOk(mayBrake({ ratePerMinute: null }));
  t.same(brakeStanding(open, { phase: 'paused', ratePerMinute: 700, capacity: 9 }), { phase: 'paused', capacity: 9 });
  t.same(brakeStanding({ ...open, phase: 'closed' }, { ...open, phase: 'paused' }), {});
});

t.test('MySQL away: pausing and lowering work at once, are saved later, with their causes', async (t) => {
  const { room } = await running.makeRoom();
  await seen(room);
  running.proxy.cut();
  const paused = await patch(room, 1, { phase: 'paused', cause: 'database is on fire' });
  t.match(paused.json(), { phase: 'paused', version: 2, inForce: true, saved: false }, paused.body);
  t.equal((await gaugesOf(room)).phase, 'paused', 'Redis has it before the answer');
  t.match((await patch(room, 2, { ratePerMinute: 60, capacity: 10, cause: 'slower' }, other.headers)).json(), { ratePerMinute: 60, version: 3, saved: false });
  t.match((await gaugesOf(room)).settings, { phase: 'paused', ratePerMinute: 60, capacity: 10 });

  t.match((await patch(room, 1, { ratePerMinute: 1 })).json(), { status: 412, code: 'version-conflict', version: 3 });
  for (const more of [{ phase: 'open' }, { ratePerMinute: 61 }, { capacity: null }, { callMs: 5_000 }, { name: { ko: 'x', en: 'x' } }]) {
    t.match((await patch(room, 3, more)).json(), { status: 503, code: 'unavailable' }, JSON.stringify(more));
  }
  t.equal((await gaugesOf(room)).settings.version, 3, 'what is no brake has changed nothing');
  t.match((await get(`/rooms/${room}`)).json(), { phase: 'paused', version: 3, saved: false });
  t.equal((await get(`/rooms/${room}`)).headers['etag'], '"3"');
  t.ok((await get('/rooms')).json<{ rooms: DeskReply[] }>().rooms.some((row) => row.room === room && row.version === 3));
  const gauges = (await get(`/rooms/${room}/gauges`)).json<GaugesMessage>();
  t.match(gauges, { phase: 'paused', ratePerMinute: 60 });
  t.equal((await get(`/rooms/${room}/journal`)).statusCode, 200);
  t.match((await app.inject({ method: 'POST', url: api('/sessions'), payload: { name: operator.name, password: PASSWORD } })).json(), { status: 503 });
  t.match((await get('/rooms', { authorization: `Bearer ${'A'.repeat(43)}` })).json(), { status: 503 }, 'a token never seen does not pass');
  t.equal((await running.saved(room)).version, 1);

  const phases = new Set<string>();
  running.proxy.heal();
  await until(async () => {
    phases.add((await gaugesOf(room)).phase);
    return (await running.saved(room)).version > 3 && isSettled(room);
  });
  t.same([...phases], ['paused'], 'never let go while it was saved');
  t.match(await running.saved(room), { phase: 'paused', ratePerMinute: 60, capacity: 10 });
  const acts = (await listActs(running.pool, { subject: `room:${room}` })).filter(({ action }) => action === 'room.change');
  t.equal(acts.length, 1);
  t.equal(acts[0]?.actor, other.name);
  for (const part of ['database is on fire', 'slower', operator.name, 'saved late']) t.ok(acts[0]?.cause.includes(part), part);
  t.match(acts[0], { before: { phase: 'open', ratePerMinute: 600 }, after: { phase: 'paused', ratePerMinute: 60 } });
  const now = (await get(`/rooms/${room}`)).json<DeskReply>();
  t.match(now, { saved: true, inForce: true });
  t.match((await patch(room, now.version, { phase: 'open' })).json(), { phase: 'open', saved: true, inForce: true });
  t.equal((await gaugesOf(room)).phase, 'open');
});

t.test('MySQL hangs: a brake does not wait for it', async (t) => {
  const { room } = await running.makeRoom();
  await seen(room);
  running.proxy.hang();
  t.match((await patch(room, 1, { phase: 'paused', cause: 'hangs' })).json(), { phase: 'paused', version: 2, saved: false });
  t.equal((await gaugesOf(room)).phase, 'paused');
  running.proxy.heal();
  await until(async () => (await running.saved(room)).phase === 'paused' && isSettled(room));
});

t.test('of two operators who brake the same version, one is told of the other', async (t) => {
  const { room } = await running.makeRoom();
  await seen(room);
  running.proxy.cut();
  const answers = await Promise.all([patch(room, 1, { phase: 'paused' }), patch(room, 1, { capacity: 3 }, other.headers)]);
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, 412]);
  running.proxy.heal();
  await until(async () => (await running.saved(room)).version > 2 && isSettled(room));
});

t.test('a brake of a process that died before it was saved is found in force and saved', async (t) => {
  const { room, ...settings } = await running.makeRoom();
  await configure(running.connection, { ...settings, room, phase: 'paused', capacity: 4, version: 2 });
  await until(async () => (await running.saved(room)).phase === 'paused' && isSettled(room));
  t.match(await running.saved(room), { capacity: 4 });
  t.match((await listActs(running.pool, { subject: `room:${room}` }))[0], { actor: 'ops', cause: 'found in force, was not saved' });
});

t.test('a brake and a change saved elsewhere under the same version: both hold', async (t) => {
  const { room, ...settings } = await running.makeRoom();
  await configure(running.connection, { ...settings, room, phase: 'paused', version: 2 });
  valueOf(await changeRoom(running.pool, { room, version: 1, patch: { capacity: 900, callMs: 30_000 }, actor: 'elsewhere', cause: '' }));
  await until(async () => (await running.saved(room)).phase === 'paused' && isSettled(room));
  t.match(await running.saved(room), { phase: 'paused', callMs: 30_000, capacity: 500 }, 'the stricter capacity was in force');
  t.match((await gaugesOf(room)).settings, { phase: 'paused', callMs: 30_000 });
});

t.test('what the worker has in hand is left alone: another epoch, a phase that operators do not set', async (t) => {
  const recovering = await running.makeRoom();
  await configure(running.connection, { ...recovering, phase: 'recovering', version: 2 });
  const newer = await running.makeRoom();
  await running.pool.query('UPDATE room SET epoch = 2, version = 2 WHERE room = ?', [newer.room]);
  await configure(running.connection, { ...newer, phase: 'paused', version: 5 });
  await running.ops.context.desk.reconcile();
  await running.ops.context.desk.reconcile();
  t.match((await gaugesOf(recovering.room)).settings, { phase: 'recovering', version: 2 });
  t.equal((await running.saved(recovering.room)).version, 1);
  t.match((await gaugesOf(newer.room)).settings, { epoch: 1, version: 5 });
  t.match(await running.saved(newer.room), { phase: 'open', version: 2 }, 'what was in force over lost data is not taken over');
  t.match((await get(`/rooms/${newer.room}`)).json(), { epoch: 2, inForce: false });
});
