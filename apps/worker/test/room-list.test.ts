import { startRedis } from '@onsale/services';
import { faultProxy, until } from '@onsale/testing';
import type { RoomId } from '@onsale/kernel';
import { readListed } from '@onsale/waiting-room';
import t from 'tap';
import { openHouse } from './start-worker.ts';

/* A Redis of its own: the list of rooms is one for all. */
t.setTimeout(120_000);

t.test('a worker confirms which rooms there are; a wiped Redis says nothing until MySQL has been read', async (t) => {
  const redis = await startRedis({ dir: t.testdir() });
  t.teardown(() => redis.stop());
  const house = await openHouse(t, redis.url);
  const { connection } = house.redis;
  const listed = (name: string) => readListed(connection, name as RoomId);
  const { room } = await house.makeRoom();
  t.equal(await listed('mistyped'), 'unconfirmed');
  const proxy = await faultProxy(t, house.database.url);
  await house.startWorker({ databaseUrl: proxy.through(house.database.url) });
  await until('listed', async () => (await listed(room)) === 'living');
  t.equal(await listed('mistyped'), 'none');

  // MySQL away: the list stands. Redis wiped besides: nobody can say.
  proxy.refuse();
  t.equal(await listed('mistyped'), 'none');
  await connection.redis.flushall();
  for (const name of [room, 'mistyped']) t.equal(await listed(name), 'unconfirmed');
  const fresh = await house.startWorker({ databaseUrl: proxy.through(house.database.url) });
  const lister = () => fresh.loops.all().find((loop) => loop.health().name === 'room lister')?.health();
  await until('a fresh worker has tried without MySQL', () => (lister()?.failures ?? 0) > 0);
  for (const name of [room, 'mistyped']) t.equal(await listed(name), 'unconfirmed', 'neither does a fresh worker');
  proxy.heal();
  await until('confirmed again', async () => (await listed(room)) === 'living', 20_000);
  t.equal(await listed('mistyped'), 'none');
});
