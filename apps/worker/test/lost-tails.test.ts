import { startRedis } from '@onsale/services';
import { faultProxy, tailCutter, until, type TestContext } from '@onsale/testing';
import type { Place, RoomId } from '@onsale/kernel';
import t from 'tap';
import { joinFans, openHouse, type House } from './start-worker.ts';

/*
 * Redis loses the same tail twice, and every worker with it: nobody alive and nothing in Redis knows of the first adoption, nor of the
 * numbers that were issued after it. The database does (W5).
 */
t.setTimeout(120_000);

type Scene = { readonly house: House; readonly room: RoomId; readonly lose: () => Promise<void>; readonly adopted: () => Promise<number> };

async function openScene(t: TestContext & { testdir(): string }): Promise<Scene> {
  const redis = await startRedis({ dir: t.testdir(), settings: { appendfsync: 'always' } });
  t.teardown(() => redis.stop());
  const house = await openHouse(t, redis.url);
  const tail = tailCutter(redis);
  const { room } = await house.makeRoom({ phase: 'paused' });
  await joinFans(house, room, 3);
  tail.keep();
  const lose = async (): Promise<void> => {
    await tail.lose();
    await house.redis.connection.ready();
  };
  const adopted = async (): Promise<number> => {
    await until('readopted', async () => !(await house.gauges(room)).fenced);
    return (await house.gauges(room)).incarnation;
  };
  return { house, room, lose, adopted };
}

/** The number that a fourth fan is given. */
async function lastPlace({ house, room }: Scene): Promise<Place> {
  const places = await joinFans(house, room, 4);
  return places[3] as Place;
}

/** What the fourth fan is given after the first loss, and after the second: two fans, who both hold a receipt. */
async function twoLosses(scene: Scene, meanwhile: () => Promise<unknown>): Promise<{ readonly places: Place[]; readonly incarnations: number[] }> {
  const { house, lose, adopted } = scene;
  const places: Place[] = [];
  const incarnations: number[] = [];
  for (const loss of [1, 2]) {
    await lose();
    const workers = await Promise.all([house.startWorker(), house.startWorker()]);
    incarnations.push(await adopted());
    places.push(await lastPlace(scene));
    await Promise.all(workers.map((worker) => worker.close()));
    if (loss === 1) await meanwhile();
  }
  return { places, incarnations };
}

t.test('a tail lost twice, and all workers between: no number is issued twice', async (t) => {
  const { places, incarnations } = await twoLosses(await openScene(t), async () => undefined);
  t.same(incarnations, [2, 3], 'two workers share a reservation');
  t.ok((places[1] as Place) > (places[0] as Place), places.join(' and '));
});

t.test('negative control: when the database forgets it too, the number is issued again', async (t) => {
  const scene = await openScene(t);
  const { places, incarnations } = await twoLosses(scene, () => scene.house.database.pool.query('DELETE FROM room_incarnation'));
  t.same(incarnations, [2, 2]);
  t.equal(places[1], places[0]);
});

t.test('without the database a room is adopted all the same, and the database is told when it is back', async (t) => {
  const { house, room, lose, adopted } = await openScene(t);
  const proxy = await faultProxy(t, house.database.url);
  const worker = await house.startWorker({ databaseUrl: proxy.through(house.database.url) });
  const kept = async (): Promise<number> => {
    const [rows] = await house.database.pool.query('SELECT incarnation FROM room_incarnation WHERE room = ?', [room]);
    return Number(rows[0]?.['incarnation'] ?? 0);
  };
  await until('the first incarnation is kept', async () => (await kept()) === 1);
  proxy.refuse();
  await lose();
  t.equal(await adopted(), 2);
  t.equal(await kept(), 1);
  proxy.heal();
  await until('the second is kept', async () => (await kept()) === 2, 20_000);
  await worker.close();
});
