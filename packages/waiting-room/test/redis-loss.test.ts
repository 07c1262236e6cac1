import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { join as joinPath } from 'node:path';
import { numberOf, type Place } from '@onsale/kernel';
import { startRedis, type Redis } from '@onsale/services';
import { promote, tailCutter, type TailCutter } from '@onsale/testing';
import { Redis as PlainRedis } from 'ioredis';
import t from 'tap';
import {
  call, configure, enter, finish, join, keepPlace, leave, openRoomConnection, readGauges, readopt, redeem, restore, returnPlace, revoke,
  retire, RoomUnreachable, sweep, withoutGuards, type RoomConnection,
} from '../src/index.ts';
import { keyOf } from '../src/keys.ts';
import { contentsOf, fanIn, newIdentity, openRoom, placeIn, settingsFor, stateOf, violationsOf, type Fan, type RoomUnderTest } from './room-under-test.ts';

/*
 * Losing Redis: its newest seconds (power loss, a stale replica), its memory, its connection. A lost tail is made by
 * cutting the append-only file while the server is down: what a power loss leaves behind.
 */

t.teardown(() => withoutGuards([]));

type Lossy = { readonly redis: Redis; readonly tail: TailCutter };

async function startLossy(dir: string): Promise<Lossy> {
  const redis = await startRedis({ dir, settings: { appendfsync: 'always' } });
  return { redis, tail: tailCutter(redis) };
}

const receiptOf = (fan: Fan): Parameters<typeof restore>[2] =>
  ({ room: '' as never, place: fan.place, order: fan.place, epoch: 1, incarnation: 1, identity: fan.identity, binding: fan.binding, joinedAtMs: 0 });

async function adoptedOf(test: RoomUnderTest): Promise<string> {
  const gauges = await readGauges(test.connection, test.room);
  return gauges.word === 'gauges' ? gauges.adoptedRunId : '';
}

/** A room loses its tail: 5 fans are safe, 5 more joined in the lost seconds. Answers all of them. */
async function loseTail(t: { testdir(): string }): Promise<{ lossy: Lossy; test: RoomUnderTest; safe: Fan[]; lost: Fan[] }> {
  const lossy = await startLossy(t.testdir());
  const test = await openRoom({ phase: 'paused', ratePerMinute: 600 }, lossy.redis.url);
  const safe = await test.joinMany(5);
  lossy.tail.keep();
  const lost = await test.joinMany(5);
  await lossy.tail.lose();
  await test.connection.ready();
  return { lossy, test, safe, lost };
}
async function end({ lossy, test }: { lossy: Lossy; test: RoomUnderTest }): Promise<void> {
  await test.connection.close();
  await lossy.redis.stop();
}

t.test('a lost tail: fenced, readopted, restored; no number is issued twice', async (t) => {
  const scene = await loseTail(t);
  const { test, safe, lost } = scene;
  const { connection, room } = test;
  const [fan] = safe as [Fan, ...Fan[]];
  const bare = { place: fan.place, binding: fan.binding };

  const before = await contentsOf(test);
  const words = [
    (await join(connection, room, [{ identity: newIdentity() }]))[0]?.word, (await keepPlace(connection, room, [fan.place]))[0]?.word,
    (await enter(connection, room, { ...bare, kid: 'k' })).word, (await redeem(connection, room, { ...bare, callNo: 1, epoch: 1 })).word,
    (await finish(connection, room, fan.place)).word, (await leave(connection, room, fan.place)).word,
    (await revoke(connection, room, fan.place)).word, (await returnPlace(connection, room, fan.place)).word,
    (await sweep(connection, room)).word, (await call(connection, room, { lastClock: null, elapsedMs: 0 })).word,
    (await restore(connection, room, receiptOf(fan))).word, await configure(connection, { ...test.settings, version: 9 }),
    await retire(connection, room, 1),
  ];
  t.same([...new Set(words)], ['fenced'], 'every mutating verb');
  t.same(await contentsOf(test), before, 'and nothing was written');
  t.match(await readGauges(connection, room), { fenced: true, issued: 5 });

  const expected = await adoptedOf(test);
  const answers = await Promise.all([readopt(connection, room, expected), readopt(connection, room, expected)]);
  t.same(answers, [{ word: 'readopted', incarnation: 2 }, { word: 'unchanged', incarnation: 2 }], 'one winner');
  t.equal((await sweep(connection, room)).word, 'off');

  const [newcomer] = await test.joinMany(1);
  t.ok(numberOf(newcomer?.place as Place) > 2 ** 20, 'numbers that may have been promised are skipped');
  t.equal(await stateOf(test, lost[2]?.place as Place), '-');
  for (const [index, one] of lost.toReversed().entries()) {
    t.match(await restore(connection, room, receiptOf(one)), { word: 'restored', view: { order: one.place, ahead: 5 } }, `receipt ${index} at its own order`);
  }
  await test.change({ phase: 'open' });
  t.equal((await test.tick(1_000)).reason, 'readopted', 'calls are off at first');
  const called = await test.run(20_000, 1_000);
  t.same(called, [...safe, ...lost, newcomer].map((one) => one?.place));
  t.same(await violationsOf(test), []);
  await end(scene);
});

t.test('negative control: without the fence a promised number is issued again', async (t) => {
  const scene = await loseTail(t);
  withoutGuards(['join.fence']);
  const [reply] = await join(scene.test.connection, scene.test.room, [{ identity: newIdentity() }]);
  withoutGuards([]);
  t.equal(placeIn(reply), scene.lost[0]?.place);
  await end(scene);
});

for (const [title, guards, state] of [
  ['a fan called after the adoption and still on the way back misses no turn', [], 'called'],
  ['negative control: with a sweep after the adoption that fan misses the turn', ['sweep.adopted'], 'missed'],
] as const) {
  t.test(title, async (t) => {
    const scene = await loseTail(t);
    const { test, safe: [fan] } = scene;
    const { connection, room } = test;
    await readopt(connection, room, await adoptedOf(test));
    await test.change({ phase: 'open', callMs: 10_000 });
    t.ok((await test.run(20_000, 1_000)).includes(fan?.place as Place), 'called, and callMs are over');
    withoutGuards(guards);
    await sweep(connection, room);
    withoutGuards([]);
    t.equal(await stateOf(test, fan?.place as Place), state);
    await end(scene);
  });
}

t.test('calls of the lost seconds count in their minute (W2), and a lost entry keeps its holder in', async (t) => {
  const lossy = await startLossy(t.testdir());
  const test = await openRoom({ ratePerMinute: 60 }, lossy.redis.url);
  const fans = await test.joinMany(100);
  let calls = (await test.run(58_000, 1_000)).length;
  lossy.tail.keep();
  const late = [...await test.run(2_000, 1_000)];
  calls += late.length;
  const fan = fans.find(({ place }) => place === late[0]) as Fan;
  const entered = await enter(test.connection, test.room, { place: fan.place, binding: fan.binding, kid: 'k' });
  t.equal(entered.word, 'entered');
  await lossy.tail.lose();
  await test.connection.ready();
  await readopt(test.connection, test.room, await adoptedOf(test));
  t.equal(await stateOf(test, fan.place), 'waiting', 'Redis forgot the call');
  const callNo = 'grant' in entered ? entered.grant.callNo : 0;
  t.match(await redeem(test.connection, test.room, { place: fan.place, callNo, epoch: 1, binding: fan.binding }), { word: 'redeemed' });
  t.equal(await stateOf(test, fan.place), 'redeemed', 'out of the line and counted');
  const gauges = await readGauges(test.connection, test.room);
  t.ok(gauges.word === 'gauges' && gauges.callsInWindow >= calls, 'the window holds at least what was called');
  await end({ lossy, test });
});

t.test('a lagging replica that was promoted is fenced too', async (t) => {
  const dir = t.testdir({ one: {}, two: {} });
  const primary = await startRedis({ dir: joinPath(dir, 'one') });
  const following = { replicaof: `127.0.0.1 ${primary.port}`, masterauth: `"${primary.password}"` };
  const replica = await startRedis({ dir: joinPath(dir, 'two'), password: primary.password, settings: following });
  const test = await openRoom({ phase: 'paused' }, primary.url);
  await test.joinMany(3);
  await test.connection.redis.wait(1, 5_000);
  const other = openRoomConnection(replica.url);
  await t.rejects(join(other, test.room, [{ identity: newIdentity() }]), RoomUnreachable, 'a replica is not spoken to');
  await promote(replica.url);
  await other.ready();
  await test.joinMany(3);
  const moved = { ...test, connection: other };
  t.same(await join(other, test.room, [{ identity: newIdentity() }]), [{ word: 'fenced' }]);
  t.match(await readopt(other, test.room, await adoptedOf(moved)), { word: 'readopted' });
  const [reply] = await join(other, test.room, [{ identity: newIdentity() }]);
  t.ok(numberOf(placeIn(reply)) > 2 ** 20);
  await other.close();
  await test.connection.close();
  await Promise.all([primary.stop(), replica.stop()]);
});

/** A relay whose far end can be moved to another server, as a failover behind an address does. */
async function startRelay(port: number): Promise<{ url(password: string): string; moveTo(port: number): void; swallow(): void; stop(): Promise<void> }> {
  let target = port;
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = (server.address() as AddressInfo).port;
  return {
    url: (password) => `redis://:${encodeURIComponent(password)}@127.0.0.1:${own}`,
    moveTo(next) {
      target = next;
      for (const socket of sockets) socket.destroy();
    },
    /** What runs over the present connections is lost, and nothing is closed: the machine behind them has vanished. */
    swallow() {
      for (const socket of sockets) socket.unpipe().resume();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

t.test('no command carries the run_id of one process to another, however the connection breaks', async (t) => {
  const dir = t.testdir({ one: {}, two: {} });
  const one = await startRedis({ dir: joinPath(dir, 'one') });
  const two = await startRedis({ dir: joinPath(dir, 'two'), password: one.password });
  const relay = await startRelay(one.port);
  const test = await openRoom({ phase: 'paused' }, relay.url(one.password));
  const { connection, room } = test;
  // The second server is a stale copy: it names the first as adopted. Whatever reaches it with the old run_id would pass.
  const stale = openRoomConnection(two.url);
  await stale.ready();
  await configure(stale, settingsFor(room, { phase: 'paused' }), { create: true });
  await stale.redis.hset(keyOf(room, 'room'), 'runId', connection.runId() as string);
  const words = new Map<string, number>();
  let isOver = false;
  const crowd = async (): Promise<void> => {
    while (!isOver) {
      const word = await join(connection, room, [{ identity: newIdentity() }]).then(([reply]) => reply?.word ?? '', (error: Error) => error.name);
      words.set(word, (words.get(word) ?? 0) + 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const fans = Array.from({ length: 20 }, crowd);
  const heard = async (word: string): Promise<void> => {
    for (let look = 0; look < 600 && !words.has(word); look += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await heard('joined');
  relay.moveTo(two.port);
  await connection.ready();
  await heard('fenced');
  isOver = true;
  await Promise.all(fans);
  t.ok((words.get('joined') ?? 0) > 0 && (words.get('fenced') ?? 0) > 0 && (words.get('RoomUnreachable') ?? 0) > 0, JSON.stringify([...words]));
  t.match(await readGauges(stale, room), { issued: 0 }, 'nothing was written to the stale copy');

  const plain = new PlainRedis(relay.url(one.password));
  await once(plain, 'ready');
  const runId = await stale.redis.hget(keyOf(room, 'room'), 'runId');
  const naive: RoomConnection = { ...connection, redis: plain, runId: () => runId };
  relay.moveTo(two.port);
  t.equal((await join(naive, room, [{ identity: newIdentity() }]))[0]?.word, 'joined', 'negative control: an ordinary client queues, and sends the old run_id');
  plain.disconnect();
  await stale.close();
  await connection.close();
  await relay.stop();
  await Promise.all([one.stop(), two.stop()]);
});

t.test('Redis away: calls fail at once with RoomUnreachable and work again afterwards', async (t) => {
  const redis = await startRedis({ dir: t.testdir() });
  const connection: RoomConnection = openRoomConnection(redis.url);
  await connection.ready();
  const { room } = settingsFor('away' as never);
  await configure(connection, settingsFor(room), { create: true });
  await redis.kill();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await t.rejects(join(connection, room, [{ identity: newIdentity() }]), RoomUnreachable);
  await t.rejects(connection.ready(100), RoomUnreachable);
  await redis.restart();
  await connection.ready();
  t.equal((await join(connection, room, [{ identity: newIdentity() }]))[0]?.word, 'fenced');
  await connection.close();
  await redis.stop();
});

t.test('a Redis that vanished without a word: its line is given up, and the next one is asked', async (t) => {
  const redis = await startRedis({ dir: t.testdir() });
  const relay = await startRelay(redis.port);
  const connection = openRoomConnection(relay.url(redis.password));
  await connection.ready();
  const { room } = settingsFor('vanished' as never);
  await configure(connection, settingsFor(room), { create: true });
  relay.swallow();
  const deadline = performance.now() + 30_000;
  let word: string | undefined;
  while (word !== 'gauges' && performance.now() < deadline) {
    word = await readGauges(connection, room).then((reply) => reply.word, () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.equal(word, 'gauges', 'within seconds, not the quarter of an hour that TCP would take');
  await connection.close();
  await relay.stop();
  await redis.stop();
});

t.test('out of memory: newcomers are refused, everybody in the room goes on', async (t) => {
  const redis = await startRedis({ dir: t.testdir() });
  const test = await openRoom({ capacity: 2 }, redis.url);
  const { connection, room } = test;
  const waiting = await fanIn(test, 'waiting');
  const called = await fanIn(test, 'waiting');
  const tail = await test.joinMany(3);
  await test.tick(100);
  await connection.redis.config('SET', 'maxmemory', '1mb');
  t.same(await join(connection, room, [{ identity: newIdentity() }]), [{ word: 'full' }]);
  t.equal((await enter(connection, room, { place: waiting.place, binding: waiting.binding, kid: 'k' })).word, 'entered');
  t.equal((await redeem(connection, room, { place: waiting.place, callNo: 1, epoch: 1, binding: waiting.binding })).word, 'redeemed');
  t.equal((await finish(connection, room, waiting.place)).word, 'finished');
  t.equal((await leave(connection, room, called.place)).word, 'left');
  t.equal((await test.tick(100)).called.length, 2);
  t.equal((await keepPlace(connection, room, [tail[2]?.place as Place]))[0]?.word, 'place');
  t.equal((await sweep(connection, room)).word, 'swept');
  t.match(await readGauges(connection, room), { counts: { called: 2 } });
  await connection.redis.config('SET', 'maxmemory', '0');
  t.equal((await join(connection, room, [{ identity: newIdentity() }]))[0]?.word, 'joined');
  await test.close();
  await redis.stop();
});

t.test('scripts are loaded again when Redis has forgotten them', async (t) => {
  const redis = await startRedis({ dir: t.testdir() });
  const test = await openRoom({ phase: 'paused' }, redis.url);
  await test.joinMany(1);
  await test.connection.redis.script('FLUSH');
  t.equal((await join(test.connection, test.room, [{ identity: newIdentity() }]))[0]?.word, 'joined');
  await test.close();
  await redis.stop();
});
