import { openEntrySessions, type EntrySessions } from '@onsale/booking';
import { changeRoom, listLivingRooms, listRoomReports, readRoomReport, restartRoom, type RoomReport, type RoomSettings } from '@onsale/control';
import { inTransaction, openPool, type OutboxRow, type Pool } from '@onsale/database';
import { MINUTE_MS, valueOf, type Place, type RoomId } from '@onsale/kernel';
import { createLogger } from '@onsale/runtime';
import { startRedis } from '@onsale/services';
import { until } from '@onsale/testing';
import { call, configure, finish, keysOf, readListed, retire } from '@onsale/waiting-room';
import t, { type Test } from 'tap';
import { finishEffect } from '../src/effects.ts';
import { closeRooms, RETIRE_AFTER_MS, type RoomCloserOptions } from '../src/loops/room-closer.ts';
import { ACT, bindingFor, enterAndRedeem, joinFans, newId, openHouse, publishSmallShow, SHOW } from './start-worker.ts';

/* What becomes of a closed room; the database's clock is moved, Redis is real. */
t.setTimeout(120_000);

const house = await openHouse(t);
await publishSmallShow(house);

type Ended = {
  readonly pool: Pool; readonly sessions: EntrySessions; readonly room: RoomId;
  /** A round of one who holds the room's lease, and of one who does not. */
  readonly round: () => Promise<void>;
  readonly roundOfAnother: () => Promise<void>;
  readonly pass: (ms: number) => void;
  readonly report: () => Promise<RoomReport | undefined>;
  readonly keys: () => Promise<number>;
  readonly close: () => Promise<RoomSettings>;
};

async function openRoomToEnd(t: Test, settings: Partial<RoomSettings> = {}): Promise<Ended> {
  let nowMs = Date.now();
  const pool = openPool({ url: house.database.url, connections: 4, nowMs: () => nowMs });
  const sessions = openEntrySessions({ pool, poll: false });
  t.teardown(async () => {
    await sessions.close();
    await pool.close();
  });
  const { room } = await house.makeRoom({ ratePerMinute: null, capacity: 2, ...settings });
  const { connection } = house.redis;
  const options: RoomCloserOptions = {
    database: { reads: pool, hot: pool, money: pool } as never, connection, sessions,
    logger: createLogger({ name: 'worker', level: 'silent' }), rooms: () => [room],
  };
  const never = new AbortController().signal;
  return {
    pool, sessions, room,
    round: () => closeRooms(options, never),
    roundOfAnother: () => closeRooms({ ...options, rooms: () => [] }, never),
    pass: (ms) => { nowMs += ms; },
    report: async () => (await listRoomReports(pool)).get(room),
    keys: () => connection.redis.exists(...keysOf(room)),
    async close() {
      const [row] = (await listLivingRooms(pool)).filter((one) => one.room === room) as [RoomSettings];
      const closed = valueOf(await changeRoom(pool, { room, version: row.version, patch: { phase: 'closed' }, ...ACT }));
      await configure(connection, closed);
      return closed;
    },
  };
}

t.test('a closed room is reported once nobody holds a slot and no session lives; a day later it leaves Redis', async (t) => {
  const { pool, sessions, room, round, roundOfAnother, pass, report, keys, close } = await openRoomToEnd(t);
  const [first, second] = await joinFans(house, room, 5) as [Place, Place, ...Place[]];
  await call(house.redis.connection, room, { lastClock: null, elapsedMs: 0 });
  await enterAndRedeem(house, room, first, 0);
  const sid = newId();
  valueOf(await sessions.redeem({ sid, room, place: first, person: newId(), binding: bindingFor(0).toString('base64url'), shows: [SHOW], lastsMs: 600_000 }));
  await round();
  t.equal(await report(), undefined, 'an open room');
  pass(MINUTE_MS);
  await close();
  await round();
  t.equal(await report(), undefined, 'one is called, one inside');
  for (const place of [first, second]) await finish(house.redis.connection, room, place);
  await round();
  t.equal(await report(), undefined, 'a session lives');
  await inTransaction(pool, { isolation: 'read committed' }, (tx) => sessions.end(tx, sid, 'finished'));
  await roundOfAnother();
  t.equal(await report(), undefined, 'another worker’s room');

  await Promise.all([round(), round(), roundOfAnother()]);
  const written = await report();
  t.match(written, { joined: 5, called: 2, entered: 1, redeemed: 1, finished: 2, left: 0, uncalled: 3, peakWaiting: 5, leftAt: null });
  t.type(written?.closedAt, Date);
  t.notOk((await listLivingRooms(pool)).some((one) => one.room === room), 'it has left the loops');
  pass(RETIRE_AFTER_MS - MINUTE_MS);
  await roundOfAnother();
  t.ok((await keys()) > 0, 'for a day Redis still knows how it ended');
  t.same(await report(), written, 'and the report is not written again');
  pass(MINUTE_MS);
  await roundOfAnother();
  t.equal(await keys(), 0, 'nothing is left in Redis');
  t.equal((await report())?.leftAt, null, 'which is believed when a round has found it so');
  await roundOfAnother();
  t.type((await report())?.leftAt, Date);
});

t.test('whatever Redis has otherwise withdraws the report: the room is living again, and reported anew', async (t) => {
  const { room, round, roundOfAnother, pass, report, keys, close } = await openRoomToEnd(t, { phase: 'paused' });
  const { connection } = house.redis;
  const closed = await close();
  const key = keysOf(room).find((name) => name.endsWith(':room')) as string;
  const called = keysOf(room).find((name) => name.endsWith(':called')) as string;
  const { adoptedRunId } = await house.gauges(room);
  const otherwise: Readonly<Record<string, readonly [make: () => Promise<unknown>, heal: () => Promise<unknown>]>> = {
    'another process': [() => connection.redis.hset(key, 'runId', 'x'), () => connection.redis.hset(key, 'runId', adoptedRunId)],
    'reopened': [() => connection.redis.hset(key, 'phase', 'open'), () => connection.redis.hset(key, 'phase', closed.phase)],
    'somebody is called': [() => connection.redis.zadd(called, 1e9, String(2 ** 32 + 1)), () => connection.redis.del(called)],
  };
  for (const [what, [make, heal]] of Object.entries(otherwise)) {
    for (const isDue of [false, true]) {
      await round();
      t.ok(await report(), 'reported');
      await make();
      if (isDue) pass(RETIRE_AFTER_MS);
      await roundOfAnother();
      t.equal(await report(), undefined, `${what}${isDue ? ', when it was to leave' : ''}: withdrawn`);
      await round();
      t.equal(await report(), undefined, 'not reported as it is');
      t.ok((await keys()) > 0, 'and nothing removed');
      await heal();
    }
  }
});

t.test('a room restarted under a newer epoch is left alone, in Redis and in MySQL', async (t) => {
  const { pool, room, round, pass, report, keys, close } = await openRoomToEnd(t, { phase: 'paused' });
  const { connection } = house.redis;
  const closed = await close();
  await round();
  t.ok(await report());
  const settings = valueOf(await restartRoom(pool, { ...closed, phase: 'closed' }, ACT));
  // Redis has the old epoch still: a crash between the two steps of a restart.
  pass(RETIRE_AFTER_MS);
  await round();
  t.equal(await report(), undefined);
  t.ok((await keys()) > 0);
  await connection.redis.unlink(...keysOf(room));
  await configure(connection, settings, { create: true });
  t.equal(await retire(connection, room, 1), 'epoch', 'a retiring that comes late');
  await round();
  t.ok(await report(), 'the new epoch has a report of its own');
  t.same((await readRoomReport(pool, { room, epoch: 1 }))?.leftAt, null);
});

t.test('whatever is cut off between two steps is done by the next round', async (t) => {
  const { room, round, pass, report, keys, close } = await openRoomToEnd(t, { phase: 'paused' });
  const { redis } = house.redis.connection;
  await close();
  await round();
  const copy = await Promise.all(keysOf(room).map(async (key) => [key, await redis.dumpBuffer(key)] as const));
  // Redis wiped, and given back a day later.
  await redis.unlink(...keysOf(room));
  await round();
  t.equal((await report())?.leftAt, null, 'a room that is away before its time is not called gone');
  pass(RETIRE_AFTER_MS);
  for (const [key, bytes] of copy) if (bytes !== null) await redis.restore(key, 0, bytes);
  await round();
  t.equal(await keys(), 0);
  // Redis loses the retiring with its tail.
  for (const [key, bytes] of copy) if (bytes !== null) await redis.restore(key, 0, bytes);
  await round();
  t.same([await keys(), (await report())?.leftAt], [0, null], 'retired again');
  await round();
  t.type((await report())?.leftAt, Date);
});

t.test('booking’s word that a session is over has nothing to free in a room that is over; in one that is lost it waits', async (t) => {
  const { pool, room, round, pass, close } = await openRoomToEnd(t, { phase: 'paused' });
  const effect = finishEffect(house.redis.connection, { reads: pool });
  const ask = (place: number): Promise<unknown> => effect({ payload: { room, place } } as unknown as OutboxRow);
  const place = 2 ** 32 + 1;
  await joinFans(house, room, 1);
  await close();
  await round();
  pass(RETIRE_AFTER_MS);
  await round();
  t.match(await ask(place), { word: 'done' });
  t.match(await ask(2 ** 33 + 1), { word: 'retry', error: 'no-room' }, 'of an epoch that was not reported');
  await pool.query('DELETE FROM room_report WHERE room = ?', [room]);
  t.match(await ask(place), { word: 'retry', error: 'no-room' }, 'negative control: without a report');
});

t.test('a worker’s loops let go of a room that is over, and readiness and admission know it', async (t) => {
  const redis = await startRedis({ dir: t.testdir() });
  t.teardown(() => redis.stop());
  const house = await openHouse(t, redis.url);
  const { room } = await house.makeRoom({ capacity: 1, ratePerMinute: null });
  const { room: other } = await house.makeRoom();
  const [place] = await joinFans(house, room, 3) as [Place];
  const worker = await house.startWorker();
  const runs = (): number => worker.loops.all().find((loop) => loop.health().name === 'room closer')?.health().runs ?? 0;
  const kick = (): void => worker.loops.all().find((loop) => loop.health().name === 'room closer')?.kick();
  await until('both are called', () => worker.loops.rooms().length === 2);
  await until('a fan is called', async () => (await house.gauges(room)).counts.called === 1);
  valueOf(await changeRoom(house.database.pool, { room, version: 1, patch: { phase: 'closed' }, ...ACT }));
  await until('closed', async () => (await house.gauges(room)).phase === 'closed');
  const before = runs();
  kick();
  // A run may be in progress that has read what was before.
  await until('two more rounds', () => {
    kick();
    return runs() > before + 2;
  });
  t.same(worker.loops.rooms().toSorted(), [room, other].toSorted(), 'negative control: somebody is called, the room stays');
  await finish(house.redis.connection, room, place);
  kick();
  await until('it has left the loops', () => worker.loops.rooms().join() === other);
  await until('listed as closed', async () => (await readListed(house.redis.connection, room)) === 'closed', 20_000);
  const ready = await worker.inside.inject({ url: '/health/ready' });
  t.match(ready.json(), { checks: { rooms: true } });
  t.notOk(worker.loops.all().some((loop) => loop.health().name.endsWith(room)), 'no loop of it runs');
});
