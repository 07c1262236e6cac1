import { seededRandom, type Place } from '@onsale/kernel';
import { seedOf } from '@onsale/testing';
import { enter, finish, redeem, returnPlace, withoutGuards } from '@onsale/waiting-room';
import t, { type Test } from 'tap';
import { openVirtualRoom } from './virtual-room.ts';

/*
 * Our own outage: the gateway is down for three minutes and 20,000 wait behind it. Nobody's signs of life arrive, nobody hears a call.
 *
 *   0 s ── 30 s all is well ── 210 s down ── up: pages try again at random moments within a minute ── who was called in the dark presses «I am back»
 *
 * Virtual time on the real Redis. The same with 500 fans and every reason and bound: packages/waiting-room/test/line-life.test.ts.
 */
t.teardown(() => withoutGuards([]));

const FANS = 20_000;
const DOWN = { fromMs: 30_000, toMs: 210_000 };
const BACK_WITHIN_MS = 60_000;
/** A person needs a while to see that the call was missed, and presses. */
const PRESS_AFTER_MS = { min: 5_000, max: 60_000 };
const SIGN_EVERY_MS = 25_000;
const TICK_MS = 500;
/** The first so many calls after the outage, to fans who had not been called before. */
const JUDGED = 500;

type Outage = {
  /** Of the first JUDGED calls, those that went to somebody who was not among the first JUDGED in line. */
  readonly wrong: number;
  readonly calledInTheDark: number;
  /** Of those called in the dark: who stood in line again, by pressing, and was called again. */
  readonly calledAgain: number;
  readonly firstCallAfterMs: number;
};

async function throughAnOutage(t: Test, seed: string): Promise<Outage> {
  const random = seededRandom(seed);
  const test = await openVirtualRoom(t, { ratePerMinute: 3_000, capacity: 500 });
  const {
    redis: { connection },
    room,
  } = test;
  const line = await test.join(FANS);
  const phase = new Map(line.map((place) => [place, random() * SIGN_EVERY_MS]));
  const backAtMs = new Map(line.map((place) => [place, DOWN.toMs + random() * BACK_WITHIN_MS]));
  const pressAtMs = new Map(
    line.map((place) => [place, (backAtMs.get(place) as number) + PRESS_AFTER_MS.min + random() * (PRESS_AFTER_MS.max - PRESS_AFTER_MS.min)]),
  );
  const isOut = (place: Place, atMs: number): boolean => atMs >= DOWN.fromMs && atMs < (backAtMs.get(place) as number);
  const inTheDark = new Set<Place>();
  const calledBefore = new Set<Place>();
  const firstCalls: Place[] = [];
  let calledAgain = 0;
  let firstCallAfterMs = 0;

  const hear = async (place: Place): Promise<void> => {
    const binding = Buffer.alloc(32, 1);
    const entered = await enter(connection, room, { place, binding, kid: 'k' });
    if (!('grant' in entered)) throw new Error(`enter: ${entered.word}`);
    await redeem(connection, room, { place, callNo: entered.grant.callNo, epoch: 1, binding });
    await finish(connection, room, place);
  };
  const wave = (atMs: number): Place[] =>
    line.filter((place) => {
      if (isOut(place, atMs) || (calledBefore.has(place) && !inTheDark.has(place))) return false;
      const isSignDue =
        Math.floor((atMs - (phase.get(place) as number)) / SIGN_EVERY_MS) !== Math.floor((atMs - TICK_MS - (phase.get(place) as number)) / SIGN_EVERY_MS);
      return isSignDue || isOut(place, atMs - TICK_MS);
    });

  while (firstCalls.length < JUDGED && test.nowMs() < DOWN.toMs + 3 * BACK_WITHIN_MS) {
    const { called } = await test.tick(TICK_MS);
    const atMs = test.nowMs();
    await test.keep(wave(atMs));
    for (const place of inTheDark) {
      const pressMs = pressAtMs.get(place) as number;
      if (pressMs <= atMs && pressMs > atMs - TICK_MS) await returnPlace(connection, room, place);
    }
    for (const { place } of called) {
      if (inTheDark.has(place)) calledAgain += 1;
      else if (atMs >= DOWN.toMs) firstCalls.push(place);
      if (atMs >= DOWN.toMs) firstCallAfterMs ||= atMs - DOWN.toMs;
      if (isOut(place, atMs)) inTheDark.add(place);
      else await hear(place);
      calledBefore.add(place);
    }
  }
  t.same(await test.violations(), [], 'W1 to W4 and W6 by the journal');
  const right = new Set(line.filter((place) => !calledBefore.has(place) || firstCalls.includes(place)).slice(0, firstCalls.length));
  return { wrong: firstCalls.filter((place) => !right.has(place)).length, calledInTheDark: inTheDark.size, calledAgain, firstCallAfterMs };
}

t.test('three minutes without a gateway do not reorder a line of 20,000', async (t) => {
  const seed = seedOf(t);
  const kept = await throughAnOutage(t, seed);
  t.comment(JSON.stringify(kept));
  withoutGuards(['sweep.returning', 'call.returning']);
  const control = await throughAnOutage(t, seed);
  withoutGuards([]);
  t.comment(JSON.stringify(control));
  t.ok(kept.wrong <= JUDGED * 0.2, `${kept.wrong} of ${JUDGED} calls went to the wrong fans: calls wait for 80 % of the crowd`);
  t.ok(control.wrong > JUDGED * 0.5, `negative control: without the rule ${control.wrong}`);
});
