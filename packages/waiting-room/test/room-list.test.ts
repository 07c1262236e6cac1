import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '@onsale/services';
import type { RoomId } from '@onsale/kernel';
import t from 'tap';
import { keepRoomList, openRoomConnection, readListed, type ListedAs, type RoomConnection } from '../src/index.ts';

/* A Redis of its own: the list is one for all rooms. */
t.setTimeout(60_000);

const redis = await startRedis({ dir: t.testdir(), settings: { appendonly: 'yes', appendfsync: 'always' } });
const connection: RoomConnection = openRoomConnection(redis.url);
t.teardown(async () => {
  await connection.close();
  await redis.stop();
});
await connection.ready();

const idOf = (name: string): RoomId => name as RoomId;
const roomsOf = (rooms: Readonly<Record<string, ListedAs>>): ReadonlyMap<RoomId, ListedAs> => new Map(Object.entries(rooms) as [RoomId, ListedAs][]);
const keep = (rooms: Readonly<Record<string, ListedAs>>): Promise<string> => keepRoomList(connection, async () => roomsOf(rooms));
const listed = (name: string): Promise<string> => readListed(connection, idOf(name));

t.test('without a list nothing is known; with one a room is living, closed or was never made', async (t) => {
  t.equal(await listed('demo'), 'unconfirmed');
  t.equal(await keep({ demo: 'living', gone: 'closed' }), 'written');
  t.same([await listed('demo'), await listed('gone'), await listed('invented')], ['living', 'closed', 'none']);
  t.equal(await keep({ demo: 'living', gone: 'closed' }), 'unchanged');
  t.equal(await keep({ demo: 'closed' }), 'written');
  t.same([await listed('demo'), await listed('gone')], ['closed', 'none'], 'the list as a whole');
  t.equal(await keep({}), 'written');
  t.equal(await listed('demo'), 'none', 'an empty list is a list');
});

t.test('thousands of rooms fit', async (t) => {
  t.equal(await keep(Object.fromEntries(Array.from({ length: 3_500 }, (_, n) => [`room-${n}`, 'living']))), 'written');
  t.same([await listed('room-0'), await listed('room-3499'), await listed('room-3500')], ['living', 'living', 'none']);
});

t.test('a wiped Redis, and one that is another process, has no list that counts', async (t) => {
  await keep({ demo: 'living' });
  await connection.redis.flushall();
  t.equal(await listed('invented'), 'unconfirmed');
  await keep({ demo: 'living' });
  t.equal(await listed('invented'), 'none');
  const before = connection.runId();
  await redis.restart();
  while (connection.runId() === null || connection.runId() === before) await sleep(20);
  t.ok(await connection.redis.hexists('{room:}:list', 'demo'), 'its data are the old ones');
  t.same([await listed('demo'), await listed('invented')], ['unconfirmed', 'unconfirmed']);
  t.equal(await keep({ demo: 'living' }), 'written', 'the same rooms, confirmed anew');
  t.equal(await listed('invented'), 'none');
});

t.test('rooms that were read before Redis became another process confirm nothing', async (t) => {
  await connection.redis.flushall();
  const before = connection.runId();
  const reading = keepRoomList(connection, async () => {
    await redis.restart();
    while (connection.runId() === null || connection.runId() === before) await sleep(20);
    return roomsOf({ demo: 'living' });
  });
  await t.rejects(reading, { name: 'RoomUnreachable' });
  t.equal(await listed('invented'), 'unconfirmed');
});
