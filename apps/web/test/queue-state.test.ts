import type { Frame, PlaceReply, RoomReply } from '@onsale/contract';
import { closeCodes } from '@onsale/contract';
import t from 'tap';
import { aheadFromMarks } from '../src/pages/queue/page-state/ahead.ts';
import { calledPast, earliest, planOf } from '../src/pages/queue/page-state/plan.ts';
import { learn, startState, type News, type QueueState } from '../src/pages/queue/page-state/queue-state.ts';
import { viewOf } from '../src/pages/queue/page-state/queue-view.ts';
import { carryBand, waitWords } from '../src/pages/queue/page-state/wait-words.ts';
import { clockText, deadlineIn, leftOf } from '../src/pages/shared/page-state/countdown.ts';
import { afterClose } from '../src/pages/shared/page-state/reconnect.ts';

const EPOCH_BASE = 2 ** 32;
const me = (change: Partial<PlaceReply> = {}): PlaceReply => ({
  place: EPOCH_BASE + 100,
  epoch: 1,
  order: EPOCH_BASE + 100,
  state: 'waiting',
  phase: 'open',
  reason: null,
  position: 51,
  waitBand: { p10Ms: 240_000, p90Ms: 480_000 },
  remainingMs: null,
  missedCalls: 0,
  maxMisses: 2,
  needsReturn: false,
  pollAfterMs: 10_000,
  ...change,
});
const frame = (change: Partial<Frame> = {}): Frame => ({
  type: 'frame',
  room: 'demo',
  epoch: 1,
  seq: 1,
  phase: 'open',
  reason: null,
  present: 60,
  calledThrough: EPOCH_BASE + 40,
  callsLastMinute: 100,
  marks: [
    [EPOCH_BASE + 41, 0],
    [EPOCH_BASE + 60, 19],
    [EPOCH_BASE + 140, 59],
  ],
  ...change,
});
const room = (change: Partial<RoomReply> = {}): RoomReply => ({
  room: 'demo',
  name: { ko: '데모', en: 'Demo' },
  phase: 'open',
  reason: null,
  epoch: 1,
  opensInMs: null,
  shows: ['demo'],
  identity: 'device',
  present: 5,
  ...change,
});
const after = (news: readonly (readonly [number, News])[], from: QueueState = startState('stand', null)): QueueState =>
  news.reduce((state, [at, piece]) => learn(state, piece, at), from);

t.test('people ahead from marks', async (t) => {
  const marks: Frame['marks'] = [
    [10, 0],
    [11, 1],
    [15, 2],
    [40, 3],
    [100, 33],
    [200, 83],
  ];
  for (const [order, expected] of [
    [10, { count: 0, about: false }],
    [11, { count: 1, about: false }],
    [13, { count: 2, about: false }],
    [5, { count: 0, about: false }],
    [40, { count: 3, about: false }],
    [70, { count: 18, about: true }],
    [100, { count: 33, about: false }],
    [199, { count: 83, about: true }],
    [201, { count: 84, about: false }],
  ] as const)
    t.same(aheadFromMarks(marks, 85, order), expected, `order ${order}`);
  t.same(aheadFromMarks([], 0, 7), null);
  t.same(aheadFromMarks(marks, 120, 230), { count: 113, about: true }, 'past the last mark: at most everybody between');
  let before = -1;
  for (let order = 1; order <= 260; order += 1) {
    const ahead = aheadFromMarks(marks, 300, order)?.count ?? -1;
    t.ok(ahead >= before, `never fewer ahead of order ${order} than of the one before`);
    before = ahead;
  }
});

t.test('waiting: the frame is newer than the reply, the reply is exact', async (t) => {
  const state = after([[0, { kind: 'me', me: me() }]]);
  t.match(viewOf(state, 10), { scene: 'waiting', ahead: { count: 50, about: false }, progress: 0 });
  const moved = learn(state, { kind: 'frame', frame: frame() }, 2_000);
  const view = viewOf(moved, 2_000);
  t.same(view.ahead, { count: 39, about: true });
  t.ok(view.progress > 0.15 && view.progress < 0.3, `progress ${view.progress}`);
  t.same(viewOf(learn(moved, { kind: 'me', me: me({ position: 38 }) }, 3_000), 3_000).ahead, { count: 37, about: false });
  t.equal(learn(moved, { kind: 'frame', frame: frame({ seq: 0, present: 1 }) }, 2_500), moved, 'an older frame is dropped');
  t.equal(learn(moved, { kind: 'me', me: me({ epoch: 0 }) }, 2_500), moved, 'a reply of an older epoch is dropped');
  const other = learn(moved, { kind: 'frame', frame: frame({ epoch: 2, seq: 1, marks: [[2 * EPOCH_BASE + 1, 0]] }) }, 2_600);
  t.same(viewOf(other, 2_600).ahead, { count: 50, about: false }, 'a frame of another epoch says nothing about this place');
});

t.test('the band shrinks with the people ahead, and says nothing while the line stands', async (t) => {
  const state = after([
    [0, { kind: 'me', me: me() }],
    [1_000, { kind: 'frame', frame: frame({ marks: [[EPOCH_BASE + 100, 24]] }) }],
  ]);
  t.same(viewOf(state, 1_000).wait, { kind: 'band', low: 1, high: 4, unit: 'minutes' });
  const paused = learn(state, { kind: 'frame', frame: frame({ seq: 2, phase: 'paused', reason: 'paused', marks: [[EPOCH_BASE + 100, 24]] }) }, 2_000);
  t.match(viewOf(paused, 2_000), { scene: 'waiting', held: true, wait: null, reason: 'paused' });
  const full = learn(state, { kind: 'frame', frame: frame({ seq: 2, reason: 'capacity', marks: [[EPOCH_BASE + 100, 24]] }) }, 2_000);
  t.match(viewOf(full, 2_000), { held: false, reason: 'capacity' }, 'a full house moves as fans leave: the estimate stays');
});

t.test('a count that rises is shown as it is: the page states no cause that the server has not named', async (t) => {
  const first = after([[0, { kind: 'me', me: me() }]]);
  const risen = learn(first, { kind: 'frame', frame: frame({ marks: [[EPOCH_BASE + 100, 54]] }) }, 1_000);
  t.match(viewOf(risen, 1_000), { ahead: { count: 54, about: false }, reason: null, told: null });
  const named = learn(risen, { kind: 'frame', frame: frame({ seq: 2, reason: 'rate-lowered' }) }, 2_000);
  t.equal(viewOf(named, 2_000).reason, 'rate-lowered');
});

t.test('what a press was answered stays until the next press, whatever polls say', async (t) => {
  const entered = me({ state: 'entered', position: null, remainingMs: 100_000 });
  const refused = after([
    [0, { kind: 'me', me: entered }],
    [1_000, { kind: 'press', what: 'enter' }],
    [1_500, { kind: 'press-failed', code: 'holder-mismatch', retryAfterMs: null }],
    [2_000, { kind: 'me', me: entered }],
    [3_000, { kind: 'frame', frame: frame() }],
    [3_500, { kind: 'room', room: room() }],
    [4_000, { kind: 'failed', code: 'offline', retryAfterMs: null }],
    [5_000, { kind: 'me', me: entered }],
  ]);
  t.match(viewOf(refused, 60_000), { scene: 'entered', told: 'holder-mismatch' });
  t.equal(viewOf(learn(refused, { kind: 'press', what: 'enter' }, 61_000), 61_000).told, null);
  const limited = after([[0, { kind: 'me', me: me() }], [1_000, { kind: 'failed', code: 'rate-limited', retryAfterMs: 2_000 }]]);
  t.equal(viewOf(limited, 1_000).told, null, 'a poll that was too early is not news');
  t.equal(planOf(limited, false, 0, 1_000).meAt, 10_000);
  const withoutCookies = after([[0, { kind: 'me', me: me() }], [5, { kind: 'device', device: 'refused' }]]);
  t.equal(viewOf(withoutCookies, 5).told, 'no-identity', 'told in line, before the turn');
});

t.test('the age of what is shown decides what the link is called; there is one line about it', async (t) => {
  const live = after([[0, { kind: 'me', me: me() }], [0, { kind: 'link', link: 'socket' }], [1_000, { kind: 'frame', frame: frame() }]]);
  t.equal(viewOf(live, 11_000).link, 'socket', 'a frame each 10 s is what those far back are sent');
  t.equal(viewOf(live, 14_100).link, 'polling', 'a silent socket is not live');
  t.equal(planOf(live, false, 0, 14_100).frameAt, 14_100, 'and what it no longer brings is asked for at once');
  t.equal(viewOf(live, 22_000).link, 'down');
  const cut = learn(live, { kind: 'failed', code: 'offline', retryAfterMs: null }, 15_000);
  t.match(viewOf(cut, 22_000), { link: 'down', told: null });
});

t.test('a tab that follows asks nothing while it is told, and asks when it is told no more', async (t) => {
  const state = after([[0, { kind: 'room', room: room() }], [0, { kind: 'me', me: me() }]]);
  t.same(planOf(state, false, 0, 100, true), { roomAt: null, meAt: 15_000, frameAt: null, joinAt: null });
  t.equal(earliest(planOf(learn(state, { kind: 'frame', frame: frame() }, 9_000), false, 0, 9_000, true)), 24_000);
  t.equal(earliest(planOf(state, true, 0, 100, true)), Infinity, 'one that is hidden does not');
  t.equal(planOf(startState('stand', null), false, 0, 0, true).roomAt, 0, 'one that knows nothing yet asks');
});

t.test('called, missed, back, entered, lapsed, left', async (t) => {
  const called = after([
    [0, { kind: 'me', me: me() }],
    [1_000, { kind: 'me', me: me({ state: 'called', position: null, remainingMs: 60_000 }) }],
  ]);
  t.match(viewOf(called, 21_000), { scene: 'called', remainingMs: 40_000, progress: 1 });
  t.equal(viewOf(called, 100_000).remainingMs, 0, 'the clock stops at nought');
  const missed = learn(called, { kind: 'me', me: me({ state: 'absent', needsReturn: true, position: null }) }, 62_000);
  t.match(viewOf(missed, 62_000), { scene: 'missed', canLeave: true });
  t.equal(viewOf(learn(missed, { kind: 'me', me: me({ state: 'absent', position: null }) }, 63_000), 63_000).scene, 'absent');
  t.equal(viewOf(learn(missed, { kind: 'me', me: me() }, 63_000), 63_000).scene, 'waiting', 'a press brought the place back');
  t.equal(viewOf(learn(missed, { kind: 'me', me: me({ state: 'entered', remainingMs: 1_000 }) }, 63_000), 63_500).scene, 'entered');
  t.equal(viewOf(learn(missed, { kind: 'me', me: me({ state: 'redeemed' }) }, 63_000), 63_000).scene, 'inside');
  for (const over of ['lapsed', 'finished', 'left'] as const) {
    const state = learn(missed, { kind: 'me', me: me({ state: over, position: null }) }, 63_000);
    t.match(viewOf(state, 63_000), { scene: over, canRejoin: true });
    t.equal(earliest(planOf(state, false, 0.5, 63_000)), Infinity, 'nothing is asked any more');
  }
  const ended = learn(missed, { kind: 'ended' }, 64_000);
  t.match(viewOf(ended, 64_000), { scene: 'finished', canRejoin: true });
  t.equal(planOf(ended, false, 0.5, 64_000).joinAt, null, 'an ended place is never replaced without a press');
  const left = after(
    [
      [70_000, { kind: 'no-place' }],
      [70_000, { kind: 'intent', intent: 'gone' }],
    ],
    missed,
  );
  t.equal(viewOf(left, 70_000).scene, 'left');
});

t.test('a frame of a newer epoch makes the page ask for its place within seconds, each at its own moment, once', async (t) => {
  const told = after([
    [0, { kind: 'room', room: room() }],
    [1_000, { kind: 'me', me: me({ pollAfterMs: 45_000 }) }],
    [1_500, { kind: 'frame', frame: frame() }],
  ]);
  for (const link of ['polling', 'socket'] as const) {
    const before = learn(told, { kind: 'link', link }, 1_600);
    t.ok((planOf(before, false, 0.5, 2_000).meAt ?? 0) >= 46_000, 'as told');
    const first = learn(before, { kind: 'frame', frame: frame({ epoch: 2, seq: 1 }) }, 10_000);
    const later = learn(first, { kind: 'frame', frame: frame({ epoch: 2, seq: 2 }) }, 11_000);
    for (const state of [first, later]) t.same([0, 0.5, 0.99].map((random) => planOf(state, true, random, 11_000).meAt), [11_000, 11_500, 12_970]);
    const asked = learn(later, { kind: 'me', me: me({ epoch: 2, pollAfterMs: 45_000 }) }, 12_000);
    t.ok((planOf(asked, false, 0.5, 12_100).meAt ?? 0) >= 57_000, 'asked once');
    t.equal(planOf(learn(later, { kind: 'ended' }, 12_000), false, 0.5, 12_100).meAt, null, 'or it has ended');
  }
});

t.test('before the opening the room is watched, and joined when it opens, not by all in one instant', async (t) => {
  const state = after([[0, { kind: 'room', room: room({ phase: 'scheduled', opensInMs: 4_000 }) }]]);
  t.match(viewOf(state, 1_000), { scene: 'scheduled', remainingMs: 3_000 });
  t.equal(planOf(state, false, 0, 1_000).roomAt, 4_000);
  t.equal(planOf(state, false, 0.99, 1_000).roomAt, 4_990);
  t.equal(planOf(learn(state, { kind: 'room', room: room({ phase: 'scheduled', opensInMs: 600_000 }) }, 5_000), false, 0, 5_000).roomAt, 15_000);
  t.equal(planOf(learn(state, { kind: 'room', room: room() }, 5_000), false, 0, 5_000).joinAt, 5_000);
  t.equal(viewOf(learn(state, { kind: 'room', room: room({ phase: 'closed' }) }, 5_000), 5_000).scene, 'closed');
});

t.test('refusals hold the page back for as long as the server says', async (t) => {
  const recovering = after([
    [0, { kind: 'room', room: room() }],
    [1_000, { kind: 'failed', code: 'recovering', retryAfterMs: 5_000 }],
  ]);
  t.equal(viewOf(recovering, 1_000).scene, 'recovering');
  t.equal(planOf(recovering, false, 0, 1_000).joinAt, 6_000);
  const offline = after([
    [0, { kind: 'me', me: me() }],
    [1_000, { kind: 'failed', code: 'offline', retryAfterMs: null }],
    [3_000, { kind: 'failed', code: 'offline', retryAfterMs: null }],
  ]);
  t.match(offline, { link: 'down', failures: 2 });
  t.equal(planOf(offline, false, 0, 3_000).frameAt, 7_000, 'longer after each failure');
  t.equal(viewOf(offline, 3_000).scene, 'waiting', 'the fan still sees the place');
  t.equal(learn(offline, { kind: 'frame', frame: frame() }, 8_000).link, 'polling');
  t.equal(viewOf(after([[0, { kind: 'failed', code: 'no-identity', retryAfterMs: null }]]), 0).scene, 'no-cookies');
  t.equal(viewOf(after([[0, { kind: 'failed', code: 'full', retryAfterMs: 9_000 }]]), 0).scene, 'full');
});

t.test('polls: the server sets the pace; calls that pass the own order ask at once; a socket replaces the frame', async (t) => {
  const state = after([
    [0, { kind: 'room', room: room() }],
    [0, { kind: 'me', me: me() }],
    [0, { kind: 'asked' }],
  ]);
  t.match(planOf(state, false, 0, 100), { meAt: 10_000, frameAt: 3_000 });
  t.match(planOf(state, true, 0, 100), { meAt: 10_000, frameAt: null }, 'a hidden page only signs its life');
  const socket = learn(state, { kind: 'link', link: 'socket' }, 100);
  t.match(planOf(socket, false, 0, 200), { meAt: 45_000, frameAt: null });
  const passed = learn(socket, { kind: 'frame', frame: frame({ calledThrough: EPOCH_BASE + 100 }) }, 5_000);
  t.equal(calledPast(passed), true);
  t.equal(planOf(passed, false, 0, 5_000).meAt, 5_000);
  t.equal(planOf(learn(passed, { kind: 'asked' }, 5_000), false, 0, 5_000).meAt, 6_500, 'and not in a storm');
  const called = learn(state, { kind: 'me', me: me({ state: 'called', remainingMs: 2_000 }) }, 1_000);
  t.equal(planOf(called, false, 0, 1_000).meAt, 3_400, 'asked again when the call runs out');
  t.equal(earliest(planOf(learn(state, { kind: 'press', what: 'leave' }, 1_000), false, 0, 1_000)), Infinity, 'one request at a time');
});

t.test('after a close: spread, jitter, never', async (t) => {
  const { restart, policy, noPlace, ended, slow } = closeCodes;
  t.same(afterClose(restart.code, '1234', 0, 0.5), { kind: 'reconnect', delayMs: 1_234 });
  t.same(afterClose(restart.code, '99999999', 0, 0.5), { kind: 'reconnect', delayMs: 60_000 }, 'told delays are bounded');
  t.same(afterClose(restart.code, '', 0, 0.5), { kind: 'reconnect', delayMs: 15_000 });
  t.same(afterClose(1006, '', 0, 0.5), { kind: 'reconnect', delayMs: 15_000 });
  t.same(afterClose(1006, '', 1, 0.5), { kind: 'reconnect', delayMs: 30_000 });
  t.same(afterClose(1006, '', 9, 0.999), { kind: 'reconnect', delayMs: 59_940 });
  t.same(afterClose(slow.code, '', 0, 0), { kind: 'reconnect', delayMs: 0 });
  t.same(afterClose(noPlace.code, '', 0, 0.5), { kind: 'ask-place' });
  for (const { code } of [policy, ended]) t.same(afterClose(code, '', 0, 0.5), { kind: 'poll-only' });
});

t.test('waits in words', async (t) => {
  const words = (low: number, high: number) => waitWords({ p10Ms: low * 60_000, p90Ms: high * 60_000 });
  t.same(words(0, 0.8), { kind: 'soon' });
  t.same(words(0.4, 2.2), { kind: 'up-to', high: 3, unit: 'minutes' });
  t.same(words(4.9, 8.1), { kind: 'band', low: 4, high: 9, unit: 'minutes' });
  t.same(words(23, 41), { kind: 'band', low: 20, high: 45, unit: 'minutes' });
  t.same(words(70, 200), { kind: 'band', low: 1, high: 3.5, unit: 'hours' });
  t.same(words(1_500, 2_000), { kind: 'long', low: 24 });
  t.same(carryBand({ p10Ms: 1_000, p90Ms: 3_000 }, 9, 4), { p10Ms: 500, p90Ms: 1_500 });
});

t.test('countdowns run on the monotonic clock', async (t) => {
  t.equal(leftOf(deadlineIn(60_000, 1_000), 31_000), 30_000);
  t.equal(leftOf(deadlineIn(60_000, 1_000), 99_000), 0);
  for (const [ms, text] of [
    [0, '0:00'],
    [1, '0:01'],
    [59_001, '1:00'],
    [600_000, '10:00'],
    [3_725_000, '1:02:05'],
    [-5, '0:00'],
  ] as const)
    t.equal(clockText(ms), text);
});
