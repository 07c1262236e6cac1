import { startRedis } from '@onsale/services';
import { until } from '@onsale/testing';
import t from 'tap';
import { configure, enter, finish, join, keysOf, readGauges, retire, withoutGuards } from '../src/index.ts';
import { keyOf } from '../src/keys.ts';
import { scriptOf } from '../src/script.ts';
import { contentsOf, fanIn, newIdentity, openRoom, settingsFor, type RoomUnderTest } from './room-under-test.ts';

/* A room that is over leaves Redis; nothing else does. */

t.setTimeout(60_000);
t.teardown(() => withoutGuards([]));

const countKeys = ({ connection, room }: RoomUnderTest): Promise<number> => connection.redis.exists(...keysOf(room));

t.test('a closed room without a slot in use leaves nothing behind, however many stood in line', async (t) => {
  const test = await openRoom();
  const { connection, room } = test;
  const [left, finished] = [await fanIn(test, 'left'), await fanIn(test, 'finished')];
  await test.change({ phase: 'paused' });
  await test.joinMany(500);
  await test.change({ phase: 'closed' });
  t.ok((await countKeys(test)) > 5);
  t.equal(await retire(connection, room, 1), 'retired');
  t.equal(await countKeys(test), 0);
  t.equal(await retire(connection, room, 1), 'no-room', 'again');
  t.equal((await readGauges(connection, room)).word, 'no-room');
  for (const { place } of [left, finished]) t.equal((await finish(connection, room, place)).word, 'no-room');
  t.equal((await join(connection, room, [{ identity: newIdentity() }]))[0]?.word, 'no-room');
  t.equal(await configure(connection, { ...test.settings, version: 99 }), 'no-room', 'late settings make no room');
  t.equal(await countKeys(test), 0);
  await test.close();
});

t.test('all keys that a room may have are among those that it removes', async (t) => {
  t.same(scriptOf('retire').keys.map((name) => keyOf('a' as never, name)).toSorted(), keysOf('a' as never).toSorted());
});

/** A room that must stay, and the guard that keeps it. */
const KEPT: Readonly<Record<string, { readonly guard: string; readonly make: (test: RoomUnderTest) => Promise<unknown>; readonly epoch?: number }>> = {
  'not-closed': { guard: 'closed', make: (test) => fanIn(test, 'waiting') },
  'in-use': { guard: 'slots', make: (test) => fanIn(test, 'called').then(() => test.change({ phase: 'closed' })) },
  fenced: { guard: 'fence', make: async (test) => {
    await test.change({ phase: 'closed' });
    await test.connection.redis.hset(keyOf(test.room, 'room'), 'runId', 'another process');
  } },
  epoch: { guard: 'epoch', make: (test) => test.change({ phase: 'closed' }), epoch: 2 },
};
for (const [word, { guard, make, epoch = 1 }] of Object.entries(KEPT)) {
  t.test(`${word}: nothing is removed; without the guard the room is gone`, async (t) => {
    const test = await openRoom();
    await make(test);
    const before = await contentsOf(test);
    t.equal(await retire(test.connection, test.room, epoch), word);
    t.equal(await contentsOf(test), before);
    withoutGuards([`retire.${guard}`]);
    t.equal(await retire(test.connection, test.room, epoch), 'retired', 'negative control');
    withoutGuards([]);
    t.equal(await countKeys(test), 0);
    await test.close();
  });
}

t.test('each slot counts: called, entered, redeemed', async (t) => {
  const test = await openRoom();
  for (const state of ['called', 'entered', 'redeemed'] as const) {
    const { place, binding } = await fanIn(test, state);
    if (state === 'entered') t.equal((await enter(test.connection, test.room, { place, binding, kid: 'k1' })).word, 'again');
    await test.change({ phase: 'closed' });
    t.equal(await retire(test.connection, test.room, 1), 'in-use', state);
    await finish(test.connection, test.room, place);
    await test.change({ phase: 'open' });
  }
  await test.change({ phase: 'closed' });
  t.equal(await retire(test.connection, test.room, 1), 'retired');
  await test.close();
});

t.test('a room reopened, and one made anew under a newer epoch, stay', async (t) => {
  const test = await openRoom({ phase: 'closed' });
  const { connection, room } = test;
  await test.change({ phase: 'open' });
  t.equal(await retire(connection, room, 1), 'not-closed');
  await connection.redis.unlink(...keysOf(room));
  await configure(connection, settingsFor(room, { epoch: 2, phase: 'closed' }), { create: true });
  t.equal(await retire(connection, room, 1), 'epoch');
  t.equal(await retire(connection, room, 2), 'retired');
  await test.close();
});

t.test('memory comes back, and Redis does not stand still for it', async (t) => {
  const redis = await startRedis({ dir: t.testdir() });
  t.teardown(() => redis.stop());
  const test = await openRoom({ phase: 'paused' }, redis.url);
  const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await test.connection.redis.info('memory'))?.[1]);
  const empty = await used();
  await test.joinMany(50_000);
  await test.change({ phase: 'closed' });
  const full = await used();
  t.ok(full - empty > 50_000 * 100, `${Math.round((full - empty) / 50_000)} bytes a fan`);
  await test.connection.redis.call('CONFIG', 'RESETSTAT');
  t.equal(await retire(test.connection, test.room, 1), 'retired');
  const [, usec] = /cmdstat_evalsha.*?usec=(\d+)/.exec(await test.connection.redis.info('commandstats')) ?? [];
  const [, evalUsec] = /cmdstat_eval:.*?usec=(\d+)/.exec(await test.connection.redis.info('commandstats')) ?? [];
  t.comment(`${Number(usec ?? 0) + Number(evalUsec ?? 0)} µs of Redis`);
  await until('freed', async () => (await used()) - empty < (full - empty) / 10);
  await test.close();
});
