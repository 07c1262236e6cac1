import { openEntrySessions } from '@onsale/booking';
import { startRedis } from '@onsale/services';
import { faultProxy, until } from '@onsale/testing';
import type { RoomId } from '@onsale/kernel';
import { createLogger, createMetrics } from '@onsale/runtime';
import { checkJournal, readJournal, SHARE_LEASE_MS } from '@onsale/waiting-room';
import t from 'tap';
import { buildApp } from '../src/app.ts';
import { createRoomLoops } from '../src/rooms.ts';
import { joinFans, openHouse, type House } from './start-worker.ts';

/* A Redis of its own: workers share the rooms of one Redis. */
t.setTimeout(120_000);

const ROOMS = 6;

async function ownHouse(t: Parameters<typeof openHouse>[0] & { testdir(): string }): Promise<House> {
  const redis = await startRedis({ dir: t.testdir() });
  t.teardown(() => redis.stop());
  return openHouse(t, redis.url);
}

t.test('two workers share the rooms evenly; of one that is gone the other calls all within seconds', async (t) => {
  const house = await ownHouse(t);
  const rooms: RoomId[] = [];
  for (let n = 0; n < ROOMS; n += 1) rooms.push((await house.makeRoom({ ratePerMinute: 600, capacity: 500 })).room);
  const proxy = await faultProxy(t, house.redis.url);
  const mortal = await house.startWorker({ redisUrl: proxy.through(house.redis.url) });
  await until('one calls all', () => mortal.loops.rooms().length === ROOMS);
  const other = await house.startWorker();
  const loads = (): number[] => [mortal, other].map(({ loops }) => loops.rooms().length);
  await until('they share', () => loads().every((load) => load === ROOMS / 2), 20_000);
  const both = [...mortal.loops.rooms(), ...other.loops.rooms()];
  t.same(both.toSorted(), rooms.toSorted(), 'each room once');
  for (const room of rooms) await joinFans(house, room, 30);
  for (const room of rooms) await until(`${room} is called`, async () => (await house.gauges(room)).totals.called > 2);

  const orphans = mortal.loops.rooms();
  const before = new Map<RoomId, number>();
  for (const room of orphans) before.set(room, (await house.gauges(room)).totals.called);
  proxy.refuse();
  const goneAtMs = performance.now();
  await until('taken over', () => other.loops.rooms().length === ROOMS, SHARE_LEASE_MS + 10_000);
  for (const room of orphans) await until('called on', async () => (await house.gauges(room)).totals.called > (before.get(room) as number) + 3);
  t.comment(`taken over and called on after ${Math.round(performance.now() - goneAtMs)} ms`);
  proxy.heal();
  await until('back, and shared again', () => loads().every((load) => load === ROOMS / 2), 20_000);
  for (const room of rooms) t.same(checkJournal(await readJournal(house.redis.connection, room, '0'), true), [], 'W1 to W4');
});

t.test('a room too many is named by readiness, and called when another worker comes; a room that is gone leaves', async (t) => {
  const house = await ownHouse(t);
  const settings = [await house.makeRoom(), await house.makeRoom(), await house.makeRoom()];
  const rooms = settings.map(({ room }) => room);
  const sessions = openEntrySessions({ pool: house.database.pool, poll: false });
  t.teardown(() => sessions.close());
  const context = {
    database: { reads: house.database.pool, hot: house.database.pool, money: house.database.pool }, connection: house.redis.connection,
    sessions, logger: createLogger({ name: 'worker', level: 'silent' }),
    metrics: createMetrics('worker'), monotonic: () => performance.now(),
  } as never;
  const one = createRoomLoops(context, (error) => t.fail(String(error)), 2);
  const two = createRoomLoops(context, (error) => t.fail(String(error)), 2);
  t.teardown(() => Promise.all([one.stop(), two.stop()]));
  const inside = buildApp(context, { all: () => [], rooms: one.rooms, uncalled: one.uncalled, kickRelay: () => undefined, stop: one.stop });
  const ready = async (): Promise<unknown> => (await inside.inject({ url: '/health/ready' })).json<unknown>();
  one.follow(settings);
  await until('two of three', () => one.rooms().length === 2 && one.uncalled().length === 1);
  t.match(await ready(), { ready: false, checks: { rooms: false } });
  two.follow(settings);
  await until('all of them', () => new Set([...one.rooms(), ...two.rooms()]).size === 3 && one.uncalled().length === 0);
  for (const loops of [one, two]) loops.follow(settings.slice(1));
  await until('it has left', () => [...one.rooms(), ...two.rooms()].toSorted().join() === rooms.slice(1).toSorted().join());
});
