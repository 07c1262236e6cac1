import t from 'tap';
import type { Place, RoomId, ShowId } from '@onsale/kernel';
import { DEFAULT_TIMES, type Frame, type PlaceView } from '@onsale/waiting-room';
import { CALLER_AWAY_AFTER_MS, frameViewOf } from '../src/frame-view.ts';
import { cookieIn } from '../src/holder.ts';
import { placeReplyOf, POLL_FAR_MS, POLL_NEAR_MS } from '../src/place-reply.ts';
import { createPollLimiter, type PollLimiter } from '../src/poll-limiter.ts';

const frame = (given: Partial<Frame> = {}): Frame => ({
  room: 'r' as RoomId, phase: 'open', epoch: 1, incarnation: 1, clock: 1_000, calledThrough: 0, marks: [], reason: 'rate', fenced: false,
  counts: { waiting: 9, absent: 0, called: 0, entered: 0, redeemed: 0, slotsInUse: 0 },
  pace: { phase: 'open', reason: 'rate', ratePerMinute: 600, bucketMs: 5_000, buckets: [50, 50, 50, 50, 50, 50] },
  settings: {
    room: 'r' as RoomId, name: { ko: '방', en: 'room' }, shows: ['s' as ShowId], phase: 'open', opensAtMs: null, ratePerMinute: 600, capacity: 10,
    ...DEFAULT_TIMES, identity: 'device', rejoin: true, version: 1, epoch: 1,
  },
  ...given,
});
const viewOf = (given: Partial<Frame> = {}, standsSinceMs = 0) => frameViewOf(frame(given), { seq: 7, callsInWindow: 5, standsSinceMs, readAtMs: 0 });
const place = (given: Partial<PlaceView> = {}): PlaceView => ({
  place: (2 ** 32 + 64) as Place, state: 'waiting', order: 1, ahead: 0, missed: 0, remainingMs: null, callNo: null, ...given,
});

t.test('polling: often near the front, seldom far from it, never so late that a call is missed', async (t) => {
  const after = (ahead: number, given: Partial<Frame> = {}): number => placeReplyOf(place({ ahead }), viewOf(given)).pollAfterMs;
  t.equal(after(0), POLL_NEAR_MS);
  t.equal(after(49), POLL_NEAR_MS);
  t.equal(after(1_000_000), POLL_FAR_MS);
  let before = 0;
  for (const ahead of [0, 100, 1_000, 5_000, 50_000]) {
    t.ok(after(ahead) >= before && after(ahead) <= POLL_FAR_MS, `${ahead} ahead: ${after(ahead)} ms`);
    before = after(ahead);
  }
  t.ok(after(3_000, { pace: { ...frame().pace, buckets: [] } }) > POLL_NEAR_MS, 'without observed calls the promised rate says how far it is');
  for (const state of ['called', 'entered'] as const) t.equal(placeReplyOf(place({ state, ahead: null, remainingMs: 60_000 }), viewOf()).pollAfterMs, 5_000);
  const spread = new Set(Array.from({ length: 64 }, (_, n) => placeReplyOf(place({ place: (2 ** 32 + n) as Place, ahead: 1_000_000 }), viewOf()).pollAfterMs));
  t.ok(spread.size > 30 && Math.min(...spread) > POLL_FAR_MS * 0.8, 'a crowd that joined at once does not ask at once');
});

t.test('states on the wire: a missed call asks for a press, a revoked place is over', async (t) => {
  t.match(placeReplyOf(place({ state: 'missed', missed: 1 }), viewOf()), { state: 'absent', needsReturn: true, position: null, missedCalls: 1 });
  t.match(placeReplyOf(place({ state: 'absent' }), viewOf()), { state: 'absent', needsReturn: false, position: null, waitBand: null });
  t.match(placeReplyOf(place({ state: 'revoked', ahead: null }), viewOf()), { state: 'lapsed' });
  t.match(placeReplyOf(place({ ahead: 99 }), viewOf()), { position: 100, waitBand: { p10Ms: Number, p90Ms: Number } });
  t.equal('receipt' in placeReplyOf(place(), viewOf()), false);
});

t.test('why nobody is called: the room’s reason, a caller that is away, a Redis that is another', async (t) => {
  t.equal(viewOf().reason, null);
  t.equal(viewOf({ reason: 'paused', phase: 'paused' }, CALLER_AWAY_AFTER_MS).reason, 'paused', 'a paused room has no need of a caller');
  t.equal(viewOf({ reason: 'capacity' }).reason, 'capacity');
  const still = { ...frame().settings, ratePerMinute: 0 };
  for (const reason of ['rate', 'rate-lowered'] as const) t.equal(viewOf({ reason, settings: still }).reason, 'paused', 'a rate of nought is a pause');
  t.equal(viewOf({ reason: 'rate-lowered' }).reason, 'rate-lowered');
  t.equal(viewOf({ reason: 'line', settings: still }).reason, null, 'nobody waits: nothing to explain');
  t.equal(viewOf({}, CALLER_AWAY_AFTER_MS).reason, 'caller-away');
  t.equal(viewOf({ fenced: true }, CALLER_AWAY_AFTER_MS).reason, 'recovering');
  t.equal(viewOf({ reason: 'readopted' }).reason, 'recovering');
});

t.test('who is far: behind the first mark with 20,000 ahead', async (t) => {
  t.equal(viewOf().farBeyondOrder, Infinity);
  const marks = [[5, 0], [30_000, 19_000], [50_000, 21_000], [60_000, 30_000]].map(([order, ahead]) => ({ order: order as number, ahead: ahead as number }));
  t.equal(viewOf({ marks }).farBeyondOrder, 50_000);
});

t.test('the poll limiter forgets rather than grows', async (t) => {
  const limiter = createPollLimiter(3, 8);
  limiter.answered(5, 0, 10_000);
  for (let early = 0; early < 3; early += 1) t.equal(limiter.waitOf(5, 100), 0);
  t.equal(limiter.waitOf(5, 100), 9_900);
  t.equal(limiter.waitOf(13, 100), 0, 'the slot of another place');
  limiter.answered(13, 100, 10_000);
  t.equal(limiter.waitOf(5, 200), 0, 'forgotten, not mixed up');
  limiter.answered(5, 200, 1_000);
  t.equal(limiter.waitOf(5, 1_100), 0, 'nearly in time is in time');
  const open = createPollLimiter(1_000_000, 8);
  open.answered(5, 0, 10_000);
  for (let n = 0; n < 1_000; n += 1) if (open.waitOf(5, 1) !== 0) t.fail('no bound was asked for');
});

/** Tabs of one fan that each ask when they were told to, without knowing of the others; how many questions are refused. */
function refusedOf(limiter: PollLimiter, { tabs, everyMs, rounds }: { tabs: number; everyMs: number; rounds: number }): number {
  const questions = Array.from({ length: tabs * rounds }, (_, n) => Math.floor(n / tabs) * everyMs + (n % tabs) * (everyMs / tabs) * 0.9);
  return questions.filter((atMs) => {
    const isRefused = limiter.waitOf(7, atMs) > 0;
    if (!isRefused) limiter.answered(7, atMs, everyMs);
    return isRefused;
  }).length;
}

t.test('six tabs of one fan are not refused, near the front and far from it; a program that asks all the time is', async (t) => {
  for (const everyMs of [POLL_NEAR_MS, POLL_FAR_MS]) {
    t.equal(refusedOf(createPollLimiter(8), { tabs: 6, everyMs, rounds: 50 }), 0, `every ${everyMs} ms`);
    t.ok(refusedOf(createPollLimiter(8), { tabs: 60, everyMs, rounds: 10 }) > 400, 'sixty');
    t.ok(refusedOf(createPollLimiter(3), { tabs: 6, everyMs, rounds: 50 }) > 50, 'with a burst of three tabs are refused');
  }
  const limiter = createPollLimiter(8);
  limiter.answered(7, 0, 45_000);
  t.equal(limiter.waitOf(7, 1_000), 0);
  limiter.answered(7, 1_000, 2_000);
  t.equal(limiter.waitOf(7, 3_000), 0, 'who is suddenly near the front asks sooner: a new round');
  const shared = createPollLimiter(8);
  const questionsLet = (fan: number): number => Array.from({ length: 20 }, () => shared.waitOf(fan, 1_000)).filter((waitMs) => waitMs === 0).length;
  for (let fan = 1; fan <= 6; fan += 1) shared.answered(fan, 0, 45_000);
  t.same([1, 2, 3, 4, 5, 6].map(questionsLet), [8, 8, 8, 8, 8, 8], 'fans behind one address are six fans: each has a round of their own');
});

t.test('one cookie among others, by its whole name', async (t) => {
  t.equal(cookieIn('a=1; onsale_device=x; b=2', 'onsale_device'), 'x');
  t.equal(cookieIn('onsale_device_2=no;onsale_device=x', 'onsale_device'), 'x');
  t.equal(cookieIn('xonsale_device=no', 'onsale_device'), undefined);
  t.equal(cookieIn('', 'onsale_device'), undefined);
  t.equal(cookieIn(undefined, 'onsale_device'), undefined);
});
