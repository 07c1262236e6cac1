import { seededRandom, shuffled, type Place } from '@onsale/kernel';
import { seedOf } from '@onsale/testing';
import { DEFAULT_TIMES, enter, finish, readGauges, redeem, withoutGuards } from '@onsale/waiting-room';
import t, { type Test } from 'tap';
import { openVirtualRoom } from './virtual-room.ts';

/*
 * Redis' clock is stepped by ±2 s and ±70 s while the line moves. On true time the rate holds at every call, and nobody's minutes end early:
 * every fan here takes almost all the time there is, to enter, to redeem and between two signs of life, and none may be too late.
 *
 * Virtual time on the real Redis; the steps are in the TIME its scripts see. That steps waste no calls: packages/waiting-room/test/calling.test.ts.
 */
t.teardown(() => withoutGuards([]));

const RATE = 600;
const MINUTE_MS = 60_000;
const FANS = 2_400;
const LASTS_MS = 300_000;
const TICK_MS = 250;
const STEP_EVERY_MS = 20_000;
const STEPS_MS = [2_000, -2_000, 70_000, -70_000, 70_000, 2_000, -70_000, -2_000, 2_000, 70_000, -2_000, -70_000];
/** Left of their time when they act. A step forward may gain the room clock 250 ms (WALL_SLACK_MS), each time. */
const SPARE_MS = 5_000;
const SIGN_EVERY_MS = 25_000;

type Steps = { readonly mostInAMinute: number; readonly calls: number; readonly tooLate: number; readonly absent: number; readonly violations: number };

async function underSteps(t: Test, seed: string): Promise<Steps> {
  const random = seededRandom(seed);
  const steps = shuffled(random, STEPS_MS);
  const test = await openVirtualRoom(t, { ratePerMinute: RATE });
  const { redis: { connection }, room } = test;
  const line = await test.join(FANS);
  const waiting = new Set(line);
  const calls: { readonly atMs: number; readonly n: number }[] = [];
  const due = new Map<number, (() => Promise<void>)[]>();
  let tooLate = 0;
  const later = (ms: number, act: () => Promise<void>): void => {
    const at = Math.floor((test.nowMs() + ms) / TICK_MS);
    due.set(at, [...(due.get(at) ?? []), act]);
  };
  const live = (place: Place): void => {
    const binding = Buffer.alloc(32, 1);
    later(DEFAULT_TIMES.callMs - SPARE_MS, async () => {
      const entered = await enter(connection, room, { place, binding, kid: 'k' });
      if (!('grant' in entered)) return void (tooLate += 1);
      later(DEFAULT_TIMES.entryTokenMs - SPARE_MS, async () => {
        const redeemed = await redeem(connection, room, { place, callNo: entered.grant.callNo, epoch: 1, binding });
        if (redeemed.word !== 'redeemed') tooLate += 1;
        await finish(connection, room, place);
      });
    });
  };
  for (let tick = 1; tick * TICK_MS <= LASTS_MS; tick += 1) {
    const atMs = tick * TICK_MS;
    if (atMs % STEP_EVERY_MS === 0) test.stepTime(steps[atMs / STEP_EVERY_MS - 1] ?? 0);
    const { called } = await test.tick(TICK_MS);
    if (called.length > 0) calls.push({ atMs, n: called.length });
    for (const { place } of called) {
      waiting.delete(place);
      live(place);
    }
    for (const act of due.get(tick) ?? []) await act();
    await test.keep([...waiting].filter((place) => (tick + place) % (SIGN_EVERY_MS / TICK_MS) === 0));
  }
  const journal = await test.journal();
  const missed = journal.reduce((sum, entry) => sum + (entry.kind === 'miss' || (entry.kind === 'end' && entry.end === 'lapsed') ? entry.places.length : 0), 0);
  const gauges = await readGauges(connection, room);
  const minuteUpTo = (atMs: number): number => calls.reduce((sum, call) => sum + (call.atMs > atMs - MINUTE_MS && call.atMs <= atMs ? call.n : 0), 0);
  return {
    mostInAMinute: Math.max(...calls.map(({ atMs }) => minuteUpTo(atMs))),
    calls: calls.reduce((sum, { n }) => sum + n, 0),
    tooLate: tooLate + missed,
    absent: gauges.word === 'gauges' ? gauges.counts.absent : NaN,
    violations: (await test.violations()).length,
  };
}

t.test('Redis’ clock steps by ±2 s and ±70 s: the rate holds at every call and nobody is too late', async (t) => {
  const seed = seedOf(t);
  const kept = await underSteps(t, seed);
  t.comment(JSON.stringify(kept));
  t.ok(kept.mostInAMinute <= RATE, `${kept.mostInAMinute} calls in the fullest minute of true time`);
  t.same([kept.tooLate, kept.absent, kept.violations], [0, 0, 0], 'nobody missed a call, lapsed or was made absent');
  t.ok(kept.calls > RATE, `${kept.calls} were called`);

  withoutGuards(['call.clock']);
  const control = await underSteps(t, seed);
  withoutGuards([]);
  t.comment(JSON.stringify(control));
  t.ok(control.mostInAMinute > RATE, `negative control: on TIME alone ${control.mostInAMinute} in a minute`);
  t.ok(control.tooLate > 0, `and ${control.tooLate} too late`);
});
