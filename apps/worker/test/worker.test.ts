import t from 'tap';
import { createHoldEngine, openEntrySessions, openShowBooks } from '@onsale/booking';
import { changeRoom, listActs, listFindings, listLooks, readRoom } from '@onsale/control';
import { addOutboxRow, inTransaction, openDatabase, type RowDataPacket } from '@onsale/database';
import { valueOf, type OpaqueId, type Place } from '@onsale/kernel';
import { createLogger, createMetrics } from '@onsale/runtime';
import { faultProxy, until } from '@onsale/testing';
import { checkJournal, configure, keysOf, leave, readJournal, readPlace } from '@onsale/waiting-room';
import { startLoops } from '../src/loops.ts';
import { startSettingsKeeper } from '../src/loops/settings-keeper.ts';
import type { Worker } from '../src/wire.ts';
import { bindingFor, enterAndRedeem, joinFans, newId, openHouse, publishSmallShow, SHOW, type House } from './start-worker.ts';


const kick = (worker: Worker, name: string): void => {
  const loop = worker.loops.all().find((one) => one.health().name === name);
  if (loop === undefined) throw new Error(`no loop ${name}`);
  loop.kick();
};
const stateOf = async (house: House, room: never | Parameters<House['gauges']>[0], place: Place): Promise<string> => {
  const [reply] = await readPlace(house.redis.connection, room, [place]);
  return reply?.word === 'place' ? reply.view.state : String(reply?.word);
};

t.test('calls fans at the pace, opens a scheduled room at its time, and ends calls that nobody answered', async (t) => {
  const house = await openHouse(t);
  const open = await house.makeRoom({ ratePerMinute: 600, capacity: 3, callMs: 1_000 });
  const later = await house.makeRoom({ phase: 'scheduled', opensAtMs: Date.now() + 1_500, ratePerMinute: null });
  const places = await joinFans(house, open.room, 10);
  const worker = await house.startWorker();
  await until('three fans are called, and no more: capacity', async () => (await house.gauges(open.room)).counts.called === 3);
  t.equal(await stateOf(house, open.room, places[0] as Place), 'called');
  t.equal(await stateOf(house, open.room, places[3] as Place), 'waiting');
  await until('a missed call is swept and the next fan is called', async () => (await house.gauges(open.room)).totals.missed >= 1);
  await until('the scheduled room opens by itself', async () => (await house.gauges(later.room)).phase === 'open');
  t.equal((await worker.inside.inject({ url: '/health/ready' })).statusCode, 200);
  const violations = checkJournal(await readJournal(house.redis.connection, open.room, '0'), true);
  t.same(violations, []);
});

t.test('two workers at once: the same pace, nobody called twice, W1 to W4 hold', async (t) => {
  const house = await openHouse(t);
  const { room } = await house.makeRoom({ ratePerMinute: 1_200, capacity: 500 });
  await joinFans(house, room, 200);
  await Promise.all([house.startWorker(), house.startWorker()]);
  await until('a second’s worth and more is called', async () => (await house.gauges(room)).totals.called >= 60);
  const entries = await readJournal(house.redis.connection, room, '0');
  t.same(checkJournal(entries, true), []);
  const called = entries.flatMap((entry) => (entry.kind === 'call' ? entry.places : []));
  t.equal(new Set(called).size, called.length);
});

t.test('the outbox: finish frees the slot and closes the row; a kind nobody knows waits; a broken payload is not lost', async (t) => {
  const house = await openHouse(t);
  const { room } = await house.makeRoom({ ratePerMinute: null });
  const [place] = (await joinFans(house, room, 1)) as [Place];
  await house.startWorker();
  await until('called', async () => (await house.gauges(room)).counts.called === 1);
  await enterAndRedeem(house, room, place, 0);
  await inTransaction(house.database.pool, { isolation: 'read committed' }, async (tx) => {
    await addOutboxRow(tx, { kind: 'finish', key: `place:${room}:${place}`, payload: { room, place } });
    await addOutboxRow(tx, { kind: 'of-tomorrow', key: 'k', payload: {} });
    await addOutboxRow(tx, { kind: 'finish', key: 'bad', payload: { room: 'NO', place: -1 } });
  });
  await until('the slot is free', async () => (await house.gauges(room)).counts.slotsInUse === 0);
  t.equal(await stateOf(house, room, place), 'finished');
  const rows = await until('finish is closed, the others were tried', async () => {
    const sql = 'SELECT kind, closed_at IS NOT NULL AS closed, attempts, last_error FROM outbox ORDER BY id';
    const [all] = await house.database.pool.query<RowDataPacket[]>(sql);
    return all[0]?.['closed'] === 1 && all.slice(1).every((row) => (row['attempts'] as number) >= 1 && row['last_error'] !== null) ? all : undefined;
  });
  t.match({ ...rows[1] }, { kind: 'of-tomorrow', closed: 0, last_error: 'unknown-kind' });
  t.match({ ...rows[2] }, { kind: 'finish', closed: 0, last_error: 'malformed' });
});

t.test('a provider that is silent keeps no slot from being freed', async (t) => {
  const house = await openHouse(t);
  const database = openDatabase({ url: house.database.url, hot: 1, money: 3, reads: 2 });
  const silence = Promise.withResolvers<void>();
  const effects = { finish: async () => ({ word: 'done' as const }), refund: () => silence.promise.then(() => ({ word: 'done' as const })) };
  const idle = { sales: {}, sessions: {}, connection: house.redis.connection, metrics: createMetrics('worker') };
  const logger = createLogger({ name: 'worker', level: 'silent' });
  const loops = startLoops({ ...idle, database, effects, logger, monotonic: () => performance.now() } as never);
  const add = (kind: string) => inTransaction(house.database.pool, { isolation: 'read committed' }, (tx) => addOutboxRow(tx, { kind, key: kind, payload: {} }));
  const rowOf = async (kind: string): Promise<RowDataPacket | undefined> =>
    (await house.database.pool.query<RowDataPacket[]>('SELECT attempts, closed_at IS NOT NULL AS closed FROM outbox WHERE kind = ?', [kind]))[0][0];
  await add('refund');
  await until('the provider is asked', async () => (await rowOf('refund'))?.['attempts'] === 1);
  await add('finish');
  await until('the slot is free', async () => (await rowOf('finish'))?.['closed'] === 1);
  t.equal((await rowOf('refund'))?.['closed'], 0);
  silence.resolve();
  await until('the refund is done', async () => (await rowOf('refund'))?.['closed'] === 1);
  await loops.stop();
  await database.close();
});

t.test('reconcile: a slot without a session is freed, a session without a place is ended, a forgotten one is adopted', async (t) => {
  const house = await openHouse(t);
  await publishSmallShow(house);
  const { room } = await house.makeRoom({ ratePerMinute: null, entryTokenMs: 6_000 });
  const [orphan, leaver, forgotten] = (await joinFans(house, room, 3)) as [Place, Place, Place];
  const worker = await house.startWorker();
  await until('called', async () => (await house.gauges(room)).counts.called === 3);
  const sessions = openEntrySessions({ pool: house.database.pool, poll: false });
  t.teardown(() => sessions.close());
  const sids = new Map<Place, OpaqueId>();
  for (const [n, place] of [orphan, leaver, forgotten].entries()) {
    await enterAndRedeem(house, room, place, n);
    if (place === orphan) continue;
    const sid = newId();
    sids.set(place, sid);
    valueOf(await sessions.redeem({ sid, room, place, person: newId(), binding: bindingFor(n).toString('base64url'), shows: [SHOW], lastsMs: 600_000 }));
  }
  await leave(house.redis.connection, room, leaver);
  // Redis forgets that one place is in booking, as a lost tail would have it.
  const [redeemedKey, entriesKey] = [':redeemed', ':entries'].map((end) => keysOf(room).find((key) => key.endsWith(end)) as string);
  await house.redis.redis.zrem(redeemedKey as string, String(forgotten));
  await house.redis.redis.hdel(entriesKey as string, String(forgotten));
  kick(worker, `reconciler of ${room}`);
  await until('the session of who left is over', async () => (await sessions.read(sids.get(leaver) as OpaqueId))?.ended === true);
  await until('the forgotten place counts again', async () => (await stateOf(house, room, forgotten)) === 'redeemed');
  t.equal((await sessions.read(sids.get(forgotten) as OpaqueId))?.ended, false);
  t.equal(await stateOf(house, room, orphan), 'redeemed', 'its token is good: its session may be on its way');
  await inTransaction(house.database.pool, { isolation: 'read committed' }, (tx) => sessions.end(tx, sids.get(forgotten) as OpaqueId, 'finished'));
  kick(worker, `reconciler of ${room}`);
  await until('a slot whose session is over is freed', async () => (await stateOf(house, room, forgotten)) === 'finished');
  await until('a slot whose session never came is freed', async () => {
    kick(worker, `reconciler of ${room}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return (await stateOf(house, room, orphan)) === 'lapsed';
  }, 30_000);
});

t.test('Redis lost its tail: ends that booking knows of are told again, and nobody who is done is called', async (t) => {
  const house = await openHouse(t);
  await publishSmallShow(house);
  const { room } = await house.makeRoom({ ratePerMinute: null, capacity: 2, phase: 'paused' });
  const [done, revoked, next] = (await joinFans(house, room, 3)) as [Place, Place, Place];
  const sessions = openEntrySessions({ pool: house.database.pool, poll: false });
  t.teardown(() => sessions.close());
  const worker = await house.startWorker();
  const reconciler = () => worker.loops.all().map((loop) => loop.health()).find(({ name }) => name === `reconciler of ${room}`);
  await until('the reconciler has run', () => (reconciler()?.lastRunMs ?? 0) > 0);
  // Called, redeemed and over in the seconds that Redis has forgotten: there they stand in line.
  for (const [n, place] of [done, revoked].entries()) {
    const sid = newId();
    valueOf(await sessions.redeem({ sid, room, place, person: newId(), binding: bindingFor(n).toString('base64url'), shows: [SHOW], lastsMs: 600_000 }));
    await inTransaction(house.database.pool, { isolation: 'read committed' }, (tx) => sessions.end(tx, sid, place === done ? 'finished' : 'revoked'));
  }
  t.equal(await stateOf(house, room, done), 'waiting');
  await house.redis.redis.hincrby(keysOf(room).find((key) => key.endsWith(':room')) as string, 'incarnation', 1);
  kick(worker, `reconciler of ${room}`);
  await until('both are told again', async () => (await stateOf(house, room, revoked)) === 'revoked' && (await stateOf(house, room, done)) === 'finished');
  t.equal(await stateOf(house, room, next), 'waiting', 'who is not done stays');
});

t.test('settings: a newer row is put in force; what is in force and unsaved is saved after a minute', async (t) => {
  const house = await openHouse(t);
  const settings = await house.makeRoom();
  const { room } = settings;
  await house.startWorker();
  valueOf(await changeRoom(house.database.pool, { room, version: 1, patch: { ratePerMinute: 60 }, actor: 'kim', cause: 'too fast' }));
  await until('the row is in force', async () => (await house.gauges(room)).settings.ratePerMinute === 60);
  // An operator pauses twice while MySQL is away: Redis is three versions ahead.
  await configure(house.redis.connection, { ...settings, ratePerMinute: 30, phase: 'paused', version: 5 });
  let nowMs = 0;
  const database = { reads: house.database.pool, hot: house.database.pool, money: house.database.pool, close: () => Promise.resolve() };
  const logger = { warn: () => undefined } as never;
  const keeper = startSettingsKeeper({
    database, connection: house.redis.connection, logger, monotonic: () => nowMs, onError: (error) => t.fail(String(error)), onRooms: () => undefined,
    mine: () => [room],
  });
  t.teardown(() => keeper.stop());
  await until('looked at', () => keeper.health().runs >= 1 && keeper.health().lastRunMs > 0);
  t.equal((await readRoom(house.database.pool, room))?.version, 2, 'ops itself saves it first');
  nowMs = 61_000;
  keeper.kick();
  await until('saved', async () => (await readRoom(house.database.pool, room))?.phase === 'paused');
  t.match(await readRoom(house.database.pool, room), { ratePerMinute: 30, version: 5 });
  t.match(await listActs(house.database.pool, { subject: `room:${room}`, limit: 1 }), [{ actor: 'worker', action: 'room.change' }]);
});

t.test('holds whose time is over go back on sale', async (t) => {
  const house = await openHouse(t);
  await publishSmallShow(house);
  const { room } = await house.makeRoom();
  const books = openShowBooks({ pool: house.database.pool, maps: false });
  const engine = createHoldEngine({ pool: house.database.pool, books });
  const sessions = openEntrySessions({ pool: house.database.pool, poll: false });
  t.teardown(async () => {
    await engine.close();
    await sessions.close();
    await books.close();
  });
  const [person, session] = [newId(), newId()];
  valueOf(await sessions.redeem({ sid: session, room, place: (2 ** 32 + 1) as Place, person, binding: 'b', shows: [SHOW], lastsMs: 600_000 }));
  const held = await engine.submit({ kind: 'hold', show: SHOW, hold: newId(), person, session, seats: [0, 1], holdMs: 300 });
  t.ok(held.ok, JSON.stringify(held));
  await house.startWorker();
  await until('free again', async () => {
    const [rows] = await house.database.pool.query<RowDataPacket[]>("SELECT COUNT(*) AS free FROM seat WHERE state = 'free'");
    return rows[0]?.['free'] === 10;
  });
});

t.test('the auditor finds a planted violation, in the rows and in the journal, and names it once', async (t) => {
  const house = await openHouse(t);
  await publishSmallShow(house);
  const { room } = await house.makeRoom({ ratePerMinute: null });
  await joinFans(house, room, 5);
  const worker = await house.startWorker();
  await until('called', async () => (await house.gauges(room)).counts.called === 5);
  kick(worker, 'auditor');
  await until('audited', () => (worker.loops.all().find((loop) => loop.health().name === 'auditor')?.health().runs ?? 0) >= 2);
  t.same(await listFindings(house.database.pool), []);
  t.type((await listLooks(house.database.pool)).find((look) => look.room === room)?.ageMs, 'number', 'it leaves a mark that it has looked');
  await house.database.pool.query("UPDATE seat SET state = 'sold', claim = UNHEX(REPEAT('ab', 16)) WHERE seat_no = 3");
  const journal = keysOf(room).find((key) => key.endsWith(':journal')) as string;
  const [real] = (await readJournal(house.redis.connection, room, '0')).filter(({ kind }) => kind === 'call');
  const called = { places: ['4294967999'], orders: ['4294967999'], lowestLeft: '', firstCallNo: 99 };
  const call = { n: 1, rate: -1, capacity: 2, slotsBefore: 2, inWindow: 1, reason: 'line', ...called };
  // The database goes just when the journal has been judged: what it named must not be forgotten.
  await house.database.pool.query('RENAME TABLE finding TO finding_away');
  await house.redis.redis.xadd(journal, '*', 'kind', 'call', 'clock', String((real?.clock ?? 0) + 1), 'data', JSON.stringify(call));
  const failures = (): number => worker.loops.all().find((loop) => loop.health().name === 'auditor')?.health().failures ?? 0;
  kick(worker, 'auditor');
  await until('the audit could not be written down', () => failures() > 0);
  await house.database.pool.query('RENAME TABLE finding_away TO finding');
  const found = await until('found', async () => {
    const findings = await listFindings(house.database.pool);
    return findings.some(({ invariant }) => invariant === 'B1') && findings.some(({ invariant }) => invariant === 'W1') ? findings : undefined;
  });
  t.match(found.find(({ invariant }) => invariant === 'W1')?.detail, room);
  kick(worker, 'auditor');
  await until('audited again', async () => ((await listFindings(house.database.pool)).find(({ invariant }) => invariant === 'B1')?.seen ?? 0) >= 2);
  t.equal((await listFindings(house.database.pool)).find(({ invariant }) => invariant === 'W1')?.seen, 1);
});

t.test('without MySQL the line goes on; a worker that starts without it is live and says that it is not ready', async (t) => {
  const house = await openHouse(t);
  const { room } = await house.makeRoom({ ratePerMinute: 600 });
  const proxy = await faultProxy(t, house.database.url);
  const worker = await house.startWorker({ databaseUrl: proxy.through(house.database.url) });
  await until('the room is followed', () => worker.loops.all().some((loop) => loop.health().name === `caller of ${room}`));
  proxy.refuse();
  await joinFans(house, room, 5);
  await until('called all the same', async () => (await house.gauges(room)).totals.called >= 3);
  t.equal((await worker.inside.inject({ url: '/health/ready' })).statusCode, 503);
  const blind = await house.startWorker({ databaseUrl: 'mysql://onsale:onsale@127.0.0.1:1/onsale' });
  t.equal((await blind.inside.inject({ url: '/health/live' })).statusCode, 200);
  t.equal((await blind.inside.inject({ url: '/health/ready' })).statusCode, 503);
});

t.test('another Redis than the adopted one: readopted by one worker, at a new incarnation, and calls go on after the pause', async (t) => {
  const house = await openHouse(t);
  const { room } = await house.makeRoom({ ratePerMinute: null });
  await Promise.all([house.startWorker(), house.startWorker()]);
  await until('ticking', async () => (await house.gauges(room)).clock > 0);
  const roomKey = keysOf(room).find((key) => key.endsWith(':room')) as string;
  const fields = await house.redis.redis.hgetall(roomKey);
  const field = Object.keys(fields).find((name) => fields[name] === house.redis.connection.runId()) as string;
  await house.redis.redis.hset(roomKey, field, 'f'.repeat(40));
  await until('readopted', async () => !(await house.gauges(room)).fenced);
  t.equal((await house.gauges(room)).incarnation, 2, 'once, not by each');
  await joinFans(house, room, 2);
  await until('calls go on', async () => (await house.gauges(room)).counts.called === 2, 15_000);
});
