import { pick, randomBelow, seededRandom, type Place } from '@onsale/kernel';
import t from 'tap';
import {
  call, createCaller, enter, finish, join, keepPlace, leave, openRoomConnection, readGauges, redeem, returnPlace, withoutGuards,
} from '../src/index.ts';
import { journalOf, newBinding, newIdentity, openRoom, placeIn, REDIS_URL, seedOf, sweepOnce, violationsOf, type RoomUnderTest } from './room-under-test.ts';

/* W1, W2, W3: who is called, when, and how many. Each guard is also taken out, to see the rule break. */

t.teardown(() => withoutGuards([]));

/** Runs with guards taken out, and puts them back. */
async function without<Value>(guards: readonly string[], run: () => Promise<Value>): Promise<Value> {
  withoutGuards(guards);
  try {
    return await run();
  } finally {
    withoutGuards([]);
  }
}

/** Three minutes of ticks in which Redis' TIME jumps about; answers calls with the true time of each, in ms. */
async function callWithJumps(jumps: readonly number[]): Promise<{ at: number; n: number }[]> {
  const test = await openRoom({ ratePerMinute: 600 });
  await test.joinMany(2_200);
  const calls: { at: number; n: number }[] = [];
  for (let at = 0; at < 180_000; at += 100) {
    const jump = at % 20_000 === 0 ? jumps[at / 20_000] ?? 0 : 0;
    const { called } = await test.tick(100, jump);
    if (called.length > 0) calls.push({ at, n: called.length });
  }
  await test.close();
  return calls;
}
const total = (calls: readonly { n: number }[]): number => calls.reduce((sum, { n }) => sum + n, 0);
const mostInAMinute = (calls: readonly { at: number; n: number }[]): number =>
  Math.max(...calls.map(({ at }) => total(calls.filter((other) => other.at > at - 60_000 && other.at <= at))));

const JUMPS = [0, -2_000, 2_000, 70_000, -70_000, 2_000, -2_000, 70_000, 0];

t.test('W2 holds on true time while TIME jumps by ±2 s and ±70 s', async (t) => {
  const calls = await callWithJumps(JUMPS);
  t.ok(mostInAMinute(calls) <= 600, `${mostInAMinute(calls)} in the fullest minute`);
  t.ok(Math.max(...calls.map(({ n }) => n)) <= 10, 'paced, not bunched');
  t.ok(total(calls) >= 1_780, `and hardly anything is wasted: ${total(calls)} of 1,800 calls`);
});

t.test('negative control: on TIME alone W2 breaks', async (t) => {
  const calls = await without(['call.clock'], () => callWithJumps(JUMPS));
  t.ok(mostInAMinute(calls) > 600, `${mostInAMinute(calls)} in the fullest minute`);
});

t.test('a lowered rate waits until the window has drained', async (t) => {
  const lowered = async (): Promise<{ reasons: string[]; calledSoon: number; violations: number }> => {
    const test = await openRoom({ ratePerMinute: 600 });
    await test.joinMany(800);
    await test.run(60_000, 500);
    await test.change({ ratePerMinute: 60 });
    const reasons: string[] = [];
    let calledSoon = 0;
    for (let at = 0; at < 50_000; at += 500) {
      const reply = await test.tick(500);
      reasons.push(reply.reason);
      calledSoon += reply.called.length;
    }
    await test.run(20_000, 500);
    const violations = (await violationsOf(test)).length;
    await test.close();
    return { reasons, calledSoon, violations };
  };
  const { reasons, calledSoon, violations } = await lowered();
  t.equal(calledSoon, 0);
  t.ok(reasons.every((reason) => reason === 'rate-lowered'));
  t.equal(violations, 0);
  const control = await without(['call.window'], lowered);
  t.ok(control.violations > 0, 'negative control: without the window, W2 is broken');
});

t.test('calls are paced; negative control', async (t) => {
  const bunch = async (): Promise<number> => {
    const test = await openRoom({ ratePerMinute: 600 });
    await test.joinMany(300);
    await test.run(5_000, 1_000);
    const entries = await journalOf(test);
    await test.close();
    return Math.max(...entries.map((entry) => (entry.kind === 'call' ? entry.n : 0)));
  };
  t.equal(await bunch(), 10);
  t.ok((await without(['call.pace'], bunch)) > 200);
});

/** A random crowd against the verbs; answers the journal's violations. */
async function randomCrowd(seed: string, steps: number): Promise<{ test: RoomUnderTest; mostSlots: number }> {
  const random = seededRandom(seed);
  const test = await openRoom({ ratePerMinute: 1_200, capacity: 20, callMs: 3_000, entryTokenMs: 5_000, sessionMaxMs: 8_000, absentAfterMs: 8_000 });
  const { connection, room } = test;
  const fans: { identity: Buffer; binding: Buffer; place: Place }[] = [];
  let mostSlots = 0;
  for (let step = 0; step < steps; step += 1) {
    if (random() < 0.5 || fans.length === 0) {
      const identities = Array.from({ length: 1 + randomBelow(random, 8) }, newIdentity);
      const replies = await join(connection, room, identities.map((identity) => ({ identity })));
      replies.forEach((reply, index) => fans.push({ identity: identities[index] as Buffer, binding: newBinding(), place: placeIn(reply) }));
    }
    const { slotsInUse } = await test.tick(200 + randomBelow(random, 400), pick(random, [0, 0, 0, 500, -500]));
    mostSlots = Math.max(mostSlots, slotsInUse);
    const some = Array.from({ length: 12 }, () => pick(random, fans));
    await Promise.all(some.map(async ({ place, binding }) => {
      const dice = random();
      if (dice < 0.1) await leave(connection, room, place);
      else if (dice < 0.2) await returnPlace(connection, room, place);
      else if (dice < 0.3) await finish(connection, room, place);
      else {
        const entered = await enter(connection, room, { place, binding, kid: 'k' });
        if ('grant' in entered) await redeem(connection, room, { place, callNo: entered.grant.callNo, epoch: 1, binding });
      }
    }));
    await keepPlace(connection, room, fans.filter(() => random() < 0.3).slice(0, 256).map(({ place }) => place));
    await sweepOnce(test);
  }
  return { test, mostSlots };
}

t.test('W1, W2, W3, W4, W6 under a random crowd', async (t) => {
  const { test, mostSlots } = await randomCrowd(seedOf(t), 150);
  t.equal(mostSlots, 20, 'capacity is used up and never passed');
  t.same(await violationsOf(test), []);
  const entries = await journalOf(test);
  t.ok(['call', 'enter', 'redeem', 'end', 'miss', 'settings'].every((kind) => entries.some((entry) => entry.kind === kind)), 'the journal tells of everything');
  await test.close();
});

t.test('negative control: without the capacity term W1 breaks', async (t) => {
  const test = await openRoom({ capacity: 5 });
  await test.joinMany(20);
  await without(['call.capacity'], () => test.tick(100));
  t.same((await violationsOf(test)).map(({ rule }) => rule), ['W1']);
  await test.close();
});

t.test('capacity lowered below the slots in use: calls wait until they drain', async (t) => {
  const test = await openRoom({ capacity: 5 });
  await test.joinMany(10);
  t.equal((await test.tick(100)).called.length, 5);
  await test.change({ capacity: 2 });
  const first = await test.tick(100);
  t.same([first.called.length, first.reason], [0, 'capacity']);
  const places = (await journalOf(test)).flatMap((entry) => (entry.kind === 'call' ? entry.places : []));
  for (const place of places.slice(0, 4)) await finish(test.connection, test.room, place);
  t.equal((await test.tick(100)).called.length, 1);
  await test.close();
});

t.test('no rate and no capacity: their terms drop out', async (t) => {
  const test = await openRoom();
  await test.joinMany(600);
  const first = await test.tick(1);
  t.same([first.called.length, first.reason], [256, 'batch']);
  t.equal((await test.tick(1)).called.length, 256);
  const last = await test.tick(1);
  t.same([last.called.length, last.reason], [88, 'line']);
  await test.close();
});

t.test('a scheduled room opens by itself', async (t) => {
  const test = await openRoom({ phase: 'scheduled', opensAtMs: Date.now() + 60_000 });
  t.equal((await test.tick(1_000)).phase, 'scheduled');
  t.same(await join(test.connection, test.room, [{ identity: newIdentity() }]), [{ word: 'scheduled' }]);
  t.equal((await test.tick(100, 60_000)).phase, 'open');
  const gauges = await readGauges(test.connection, test.room);
  t.equal(gauges.word === 'gauges' && gauges.phase, 'open');
  t.equal((await join(test.connection, test.room, [{ identity: newIdentity() }]))[0]?.word, 'joined');
  await test.close();
});

t.test('a new caller moves the clock nowhere; one that slept moves it one bounded step', async (t) => {
  const test = await openRoom({ ratePerMinute: 600 });
  await test.joinMany(50);
  const { clock } = await test.tick(1_000);
  const stranger = await call(test.connection, test.room, { lastClock: null, elapsedMs: 0, clockOffsetMs: 3_600_000 });
  t.equal(stranger.word === 'ticked' && stranger.clock, clock);
  const slept = await test.tick(3_600_000, 3_600_000);
  t.equal(slept.clock, clock + 10_000);
  await test.close();
});

t.test('two workers are harmless', async (t) => {
  const test = await openRoom({ ratePerMinute: 600, capacity: 30 });
  await test.joinMany(100);
  const second = openRoomConnection(REDIS_URL);
  await second.ready();
  const callers = [createCaller(test.connection, test.room, () => performance.now()), createCaller(second, test.room, () => performance.now())];
  const startedAt = performance.now();
  let called = 0;
  while (performance.now() - startedAt < 1_500) {
    const replies = await Promise.all(callers.map((caller) => caller.tick()));
    for (const reply of replies) if (reply.word === 'ticked') called += reply.called.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const spentMs = performance.now() - startedAt;
  t.ok(called >= 10 && called <= 1 + (spentMs / 1_000) * 10, `${called} calls in ${Math.round(spentMs)} ms at 10/s`);
  t.same(await violationsOf(test), []);
  await second.close();
  await test.close();
});

t.test('W3: a newcomer comes behind all, in the order of joining', async (t) => {
  const test = await openRoom({ phase: 'paused' });
  const fans = await test.joinMany(300);
  t.same(fans.map(({ place }) => place), fans.map(({ place }) => place).toSorted((one, other) => one - other));
  await leave(test.connection, test.room, fans.at(-1)?.place as Place);
  const [newcomer] = await test.joinMany(1);
  t.ok((newcomer?.place ?? 0) > (fans.at(-1)?.place ?? 0), 'a number is not given again when its fan has left');
  await test.change({ phase: 'open' });
  const called = [...(await test.run(300, 100))];
  t.same(called, [...fans.slice(0, -1).map(({ place }) => place), newcomer?.place]);
  await test.close();
});
