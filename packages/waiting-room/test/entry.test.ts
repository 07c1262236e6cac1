import { type Place } from '@onsale/kernel';
import t from 'tap';
import {
  enter, finish, join, leave, openRoomConnection, readGauges, readRedeemed, reconcile, redeem, revoke, withoutGuards, type LiveSession,
} from '../src/index.ts';
import { keyOf } from '../src/keys.ts';
import {
  fanIn, newBinding, newIdentity, openRoom, passTime, placeIn, REDIS_URL, stateOf, violationsOf, type Fan, type RoomUnderTest,
} from './room-under-test.ts';

/* W4 and W6: one living place, one grant, one session. */

t.teardown(() => withoutGuards([]));

t.test('W4: twenty joins of one identity at once, over two connections, are one place', async (t) => {
  const places = async (): Promise<number> => {
    const test = await openRoom({ phase: 'paused' });
    const second = openRoomConnection(REDIS_URL);
    await second.ready();
    const identity = newIdentity();
    const replies = await Promise.all(Array.from({ length: 10 }, (_, index) =>
      join(index % 2 === 0 ? test.connection : second, test.room, [{ identity }, { identity }])));
    await second.close();
    await test.close();
    return new Set(replies.flat().map((reply) => placeIn(reply))).size;
  };
  t.equal(await places(), 1);
  withoutGuards(['join.identity']);
  t.equal(await places(), 20, 'negative control');
  withoutGuards([]);
});

t.test('enter is idempotent: the same grant, also for many at once', async (t) => {
  const test = await openRoom();
  const fan = await fanIn(test, 'called');
  const { place, binding } = fan;
  const replies = await Promise.all(Array.from({ length: 10 }, (_, index) => enter(test.connection, test.room, { place, binding, kid: `k${index}` })));
  const grants = replies.map((reply) => ('grant' in reply ? reply.grant : null));
  t.equal(new Set(grants.map((grant) => JSON.stringify(grant))).size, 1);
  t.match(grants[0], { epoch: 1, callNo: 1, kid: 'k0', redeemed: false });
  t.equal((grants[0]?.expiresAtMs ?? 0) - (grants[0]?.issuedAtMs ?? 0), test.settings.entryTokenMs);
  t.equal(replies.filter(({ word }) => word === 'entered').length, 1);
  await test.close();
});

t.test('a token whose wall time is over while the room clock still gives minutes: same call, new times', async (t) => {
  const test = await openRoom();
  const { place, binding } = await fanIn(test, 'entered');
  const key = keyOf(test.room, 'entries');
  const entry = JSON.parse((await test.connection.redis.hget(key, String(place))) ?? '') as { issuedAt: number; expiresAt: number };
  const old = { ...entry, issuedAt: entry.issuedAt - 200_000, expiresAt: entry.expiresAt - 200_000 };
  await test.connection.redis.hset(key, String(place), JSON.stringify(old));
  await test.change({ phase: 'paused' });
  await test.run(60_000, 10_000);
  const again = await enter(test.connection, test.room, { place, binding, kid: 'k2' });
  t.match(again, { word: 'again', grant: { callNo: 1, kid: 'k2' } });
  if ('grant' in again) {
    t.ok(again.grant.issuedAtMs >= Date.now() - 1_000);
    t.equal(again.grant.expiresAtMs - again.grant.issuedAtMs, 120_000, 'not longer than the room clock gives');
  }
  await test.close();
});

t.test('W1: nobody enters who was not called; negative control', async (t) => {
  const enterUncalled = async (): Promise<string> => {
    const test = await openRoom({ phase: 'paused' });
    const { place, binding } = await fanIn(test, 'waiting');
    const { word } = await enter(test.connection, test.room, { place, binding, kid: 'k' });
    const violations = await violationsOf(test);
    await test.close();
    return `${word} ${violations.length}`;
  };
  t.equal(await enterUncalled(), 'not-called 0');
  withoutGuards(['enter.called']);
  t.equal(await enterUncalled(), 'entered 1');
  withoutGuards([]);
});

t.test('W6: a token opens booking for one holder, within its minutes', async (t) => {
  const race = async (): Promise<string[]> => {
    const test = await openRoom();
    const fan = await fanIn(test, 'entered');
    const thief = newBinding();
    const bindings = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? fan.binding : thief));
    const replies = await Promise.all(bindings.map((binding) => redeem(test.connection, test.room, { place: fan.place, callNo: 1, epoch: 1, binding })));
    await test.close();
    return replies.map(({ word }) => word);
  };
  t.same(await race(), ['redeemed', 'used', ...Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? 'again' : 'used'))]);
  withoutGuards(['redeem.once']);
  t.notOk((await race()).includes('used'), 'negative control');
  withoutGuards([]);

  const late = async (): Promise<string> => {
    const test = await openRoom();
    const fan = await fanIn(test, 'entered');
    await test.change({ phase: 'paused' });
    await test.run(180_000, 10_000);
    const { word } = await redeem(test.connection, test.room, { place: fan.place, callNo: 1, epoch: 1, binding: fan.binding });
    await test.close();
    return word;
  };
  t.equal(await late(), 'lapsed', 'also before the sweep has come');
  withoutGuards(['redeem.minutes']);
  t.equal(await late(), 'redeemed', 'negative control');
  withoutGuards([]);
});

t.test('the lease is sessionMax on the room clock, then the slot is free', async (t) => {
  const test = await openRoom({ capacity: 1, sessionMaxMs: 60_000 });
  const fan = await fanIn(test, 'entered');
  t.same(await redeem(test.connection, test.room, { place: fan.place, callNo: 1, epoch: 1, binding: fan.binding }), { word: 'redeemed', remainingMs: 60_000 });
  await test.joinMany(1);
  await test.tick(10_000);
  t.same(await redeem(test.connection, test.room, { place: fan.place, callNo: 1, epoch: 1, binding: fan.binding }), { word: 'again', remainingMs: 50_000 });
  t.equal((await test.tick(100)).reason, 'capacity');
  await passTime(test, 60_000);
  t.equal(await stateOf(test, fan.place), 'finished');
  t.equal((await test.tick(100)).called.length, 1);
  await test.close();
});

t.test('finish, leave and revoke free the slot at once, once', async (t) => {
  for (const end of [finish, leave, revoke]) {
    const test = await openRoom({ capacity: 1 });
    const fan = await fanIn(test, 'redeemed');
    await test.joinMany(2);
    t.equal((await test.tick(100)).called.length, 0);
    await Promise.all([end(test.connection, test.room, fan.place), end(test.connection, test.room, fan.place)]);
    t.equal((await test.tick(100)).called.length, 1);
    t.same(await violationsOf(test), []);
    await test.close();
  }
});

const sessionOf = ({ place, binding }: Fan): LiveSession => ({ place, callNo: 1, binding, remainingMs: 9_000 });

t.test('reconcile: heals lost messages in both directions', async (t) => {
  const test = await openRoom();
  const { connection, room } = test;
  const ended = await fanIn(test, 'redeemed');
  const alive = await fanIn(test, 'redeemed');
  const forgotten = await fanIn(test, 'lost');
  const revoked = await fanIn(test, 'redeemed');
  await revoke(connection, room, revoked.place);
  t.same(await readRedeemed(connection, room), [ended.place, alive.place]);
  const sinceClock = await clockOf(test);
  const live = [alive, forgotten, revoked].map(sessionOf);
  const reply = await reconcile(connection, room, { sinceClock, live, over: [ended.place], unopened: [] });
  t.same(reply, { word: 'reconciled', finished: [ended.place], lapsed: [], adopted: [forgotten.place], toEnd: [revoked.place], unknown: [] });
  t.equal(await stateOf(test, alive.place), 'redeemed');
  t.same(await redeem(connection, room, { place: forgotten.place, callNo: 1, epoch: 1, binding: forgotten.binding }), { word: 'again', remainingMs: 9_000 });
  const many = Array.from({ length: 600 }, (_, index) => ({ ...sessionOf(alive), place: (alive.place + 10_000 + index) as Place }));
  const unknown = await reconcile(connection, room, { sinceClock, live: [...live, ...many], over: [], unopened: [] });
  t.equal(unknown.word === 'reconciled' && unknown.unknown.length, 600, 'in batches');
  await test.close();
});

t.test('a redeemed place that booking has no session of is kept until the minutes of its token are over, then its slot is free', async (t) => {
  /** How long after redeeming, in steps of 10 s of the room clock, the reconciler has ended a place that asked for `renewals` new tokens. */
  const keptMs = async (renewals = 0): Promise<number> => {
    const test = await openRoom({ phase: 'open', entryTokenMs: 60_000, sessionMaxMs: 600_000 });
    const { connection, room } = test;
    const { place, binding } = await fanIn(test, 'redeemed');
    await test.change({ phase: 'paused' });
    const from = await clockOf(test);
    for (let passed = 0; passed < 300_000; passed += 10_000) {
      const sinceClock = await clockOf(test);
      const reply = await reconcile(connection, room, { sinceClock, live: [], over: [], unopened: [place] });
      if (reply.word === 'reconciled' && reply.lapsed.length === 1) {
        t.equal((await redeem(connection, room, { place, callNo: 1, epoch: 1, binding })).word, 'lapsed');
        await test.close();
        return sinceClock - from;
      }
      t.equal((await redeem(connection, room, { place, callNo: 1, epoch: 1, binding })).word, 'again', 'whoever asks again gets in');
      if (renewals > passed / 10_000) {
        await connection.redis.hset(keyOf(room, 'entries'), String(place), await withoutWallTime(test, place));
        t.equal((await enter(connection, room, { place, binding, kid: 'k1' })).word, 'again');
      }
      await test.tick(10_000);
    }
    throw new Error('never ended');
  };
  t.equal(await keptMs(), 80_000, 'a minute of the token, and what a session may need to be seen');
  t.equal(await keptMs(4), 110_000, 'a token given anew at 30 s has its own minute');
  withoutGuards(['reconcile.minutes']);
  t.equal(await keptMs(), 0, 'negative control');
  withoutGuards([]);
});

/** The stored grant with its wall time over: the next `enter` gives new times. */
async function withoutWallTime(test: RoomUnderTest, place: Place): Promise<string> {
  const entry = JSON.parse((await test.connection.redis.hget(keyOf(test.room, 'entries'), String(place))) ?? '') as object;
  return JSON.stringify({ ...entry, expiresAt: 1 });
}

async function clockOf(test: RoomUnderTest): Promise<number> {
  const gauges = await readGauges(test.connection, test.room);
  return gauges.word === 'gauges' ? gauges.clock : -1;
}

t.test('a fan whose place ended may join anew, at the end, if the room allows it', async (t) => {
  const test = await openRoom({ phase: 'paused' });
  const fan = await fanIn(test, 'left');
  const other = await fanIn(test, 'waiting');
  const [reply] = await join(test.connection, test.room, [{ identity: fan.identity }]);
  t.equal(reply?.word, 'joined');
  t.ok(placeIn(reply) > other.place);
  await test.close();
});
