import type { OrderReply } from '@onsale/contract';
import t from 'tap';
import { askAgainIn, readReturn, refusalOf, remainingOf, sceneOf, startOrder, type OrderState } from '../src/pages/order/page-state/order-state.ts';
import { differences, hintsOf, parseKnob, patchOf, type RoomView } from '../src/pages/ops/page-state/knobs.ts';
import { addSample, areaOf, niceTop, pathOf, stepsOf, topOf, valueAt, WINDOW_MS, withPast, type Sample } from '../src/pages/ops/page-state/series.ts';
import { toldChanges, withLatest } from '../src/pages/ops/page-state/told-changes.ts';
import { isEmailFine } from '../src/pages/pay/page-state/buyer.ts';

t.test('order page: what comes back from the payment window', async (t) => {
  const from = (query: string) => readReturn(new URLSearchParams(query));
  t.same(from('n=1&paymentType=NORMAL&paymentKey=pk&orderId=o-1&amount=1000'), { kind: 'paid', n: 1, paymentKey: 'pk', orderId: 'o-1', amount: 1_000 });
  t.same(from('n=2&failed=1&code=PAY_PROCESS_CANCELED&message=x'), { kind: 'failed', n: 2, said: 'cancelled', reason: null });
  t.same(from('n=2&failed=1&code=REJECT_CARD_COMPANY&message=No'), { kind: 'failed', n: 2, said: 'refused', reason: 'No' });
  t.same(from('paymentKey=pk&orderId=o&amount=1.5&n=1'), { kind: 'plain', said: null }, 'not whole: nothing to confirm');
  t.same(from(''), { kind: 'plain', said: null });
});

t.test('order page: scenes, and when to ask again', async (t) => {
  const order = (state: OrderReply['state'], remainingMs: number | null = null, refusal: OrderReply['refusal'] = null): OrderState => ({
    ...startOrder(false, null, null),
    order: {
      at: 0,
      id: 'A'.repeat(22),
      show: 'demo',
      state,
      seats: [],
      amount: 1,
      currency: 'KRW',
      remainingMs,
      tickets: [],
      event: { ko: '', en: '' },
      venue: { ko: '', en: '' },
      startsAt: '',
      refusal,
    },
  });
  for (const [state, scene, again] of [
    [order('open', 60_000), 'pay', 15_000],
    [order('paying', 4_000), 'pay', 4_500],
    [order('open', 0), 'expired', 500],
    [order('confirming'), 'checking', 2_000],
    [order('paid'), 'tickets', null],
    [order('expired'), 'expired', null],
    [order('cancelled'), 'cancelled', null],
    [order('refunding'), 'refunding', 5_000],
    [order('refunded'), 'refunded', null],
    [order('awaiting-deposit', 9), 'deposit', 5_000],
  ] as const) {
    t.equal(sceneOf(state, 0), scene, state.order?.state ?? '');
    t.equal(askAgainIn(state, 0), again, state.order?.state ?? '');
  }
  t.equal(sceneOf({ ...startOrder(true, null, null), elsewhere: 'paid' }, 0), 'elsewhere');
  t.equal(sceneOf(startOrder(true, null, null), 0), 'confirming');
  t.equal(sceneOf({ ...startOrder(false, null, null), problem: 'not-found' }, 0), 'not-here');
  t.equal(remainingOf(order('open', 60_000), 20_000), 40_000);
  t.same(refusalOf(order('open', 1, { code: 'X', message: 'no money' })), { kind: 'refused', reason: 'no money' });
  t.same(refusalOf({ ...order('open', 1), said: 'cancelled' }), { kind: 'cancelled', reason: null });
  t.equal(refusalOf(order('open', 1)), null);
  for (const [text, fine] of [
    ['', true],
    ['a@b.kr', true],
    ['a b@c.kr', false],
    ['a@b', false],
    ['@b.kr', false],
  ] as const)
    t.equal(isEmailFine(text), fine, text);
});

t.test('console: knobs', async (t) => {
  const room = { ratePerMinute: 600, capacity: null, phase: 'open' } as RoomView;
  t.same(parseKnob('ratePerMinute', ' 1,200 '), { ok: true, value: 1_200 });
  t.same(parseKnob('capacity', null), { ok: true, value: null });
  for (const wrong of ['', '-1', '1.5', 'ten', '600001']) t.equal(parseKnob('ratePerMinute', wrong).ok, false, wrong);
  t.same(patchOf({ ratePerMinute: '600', capacity: '500' }, room), { capacity: 500 }, 'only what differs is sent');
  t.same(patchOf({ ratePerMinute: null }, room), { ratePerMinute: null });
  t.equal(patchOf({ ratePerMinute: 'x', capacity: '5' }, room), null, 'one wrong field stops both');
  t.same(differences(room, { ...room, ratePerMinute: 300, phase: 'paused' }), [
    { field: 'ratePerMinute', from: 600, to: 300 },
    { field: 'phase', from: 'open', to: 'paused' },
  ]);
  const gauges = { callsLastMinute: 600, called: 10, entered: 5, redeemed: 85 } as Parameters<typeof hintsOf>[1];
  t.same(hintsOf({ ratePerMinute: 60 }, gauges), [{ kind: 'drain', seconds: 54 }]);
  t.same(hintsOf({ capacity: 90 }, gauges), [{ kind: 'over', inside: 100, over: 11 }]);
  t.same(hintsOf({ ratePerMinute: 0 }, gauges), [{ kind: 'zero' }]);
  t.same(hintsOf({ ratePerMinute: 900 }, gauges), []);
});

t.test('console: the past comes before what the page has read itself, and where it has not looked', async (t) => {
  const gauges = (second: number, ageMs = 0) => ({ at: String(second), ageMs }) as Sample['gauges'];
  const now = 1_000_000;
  const own = addSample([], gauges(600), now);
  const past = { samples: Array.from({ length: 121 }, (_, n) => gauges(n * 5, (120 - n) * 5_000)) };
  const whole = withPast(own, past, now);
  t.same(whole.map((sample) => sample.at), Array.from({ length: 61 }, (_, n) => now - WINDOW_MS + n * 5_000), 'five minutes, each reading once');
  t.equal(whole.at(-1), own[0], 'what the page has read itself stays the newest');
  t.same(withPast(whole, past, now), whole, 'again: the same');
  const rested = withPast([{ at: now - 200_000, gauges: gauges(400) }, ...own], past, now);
  t.equal(rested.filter(({ at }) => at > now - 200_000 && at < now).length, 39, 'a rest of the page is filled');
  t.equal(own.length, 1, 'negative control: without it the chart begins now');
});

t.test('console: series and their geometry', async (t) => {
  const gauges = (at: string) => ({ at }) as Sample['gauges'];
  let samples: readonly Sample[] = [];
  for (let second = 0; second < 400; second += 1) samples = addSample(samples, gauges(String(second)), second * 1_000);
  t.equal(samples.length, 301, 'five minutes');
  t.equal(addSample(samples.slice(-10), gauges('399'), 399_500).length, 10, 'the same reading again replaces itself');
  t.equal(niceTop([0, null]), 1);
  t.equal(niceTop([437]), 500);
  t.equal(niceTop([1_001]), 1_500);
  const now = WINDOW_MS;
  t.equal(
    pathOf(
      [
        [0, 0],
        [now / 2, 5],
        [now, 10],
      ],
      now,
      10,
      100,
      50,
    ),
    'M0.0 50.0L50.0 25.0L100.0 0.0',
  );
  t.equal(
    pathOf(
      [
        [0, 0],
        [now / 2, null],
        [now, 10],
      ],
      now,
      10,
      100,
      50,
    ),
    'M0.0 50.0M100.0 0.0',
    'a figure that was not read leaves a gap',
  );
  t.equal(
    areaOf(
      [
        [0, 1],
        [now / 2, null],
      ],
      now,
      10,
      100,
      50,
    ),
    '',
  );
  t.match(
    areaOf(
      [
        [0, 0],
        [now, 10],
      ],
      now,
      10,
      100,
      50,
    ),
    /L100\.0 50L0\.0 50Z$/,
  );
  t.same(
    valueAt(
      [
        [0, 1],
        [now, 2],
      ],
      now,
      0.9,
    ),
    [now, 2],
  );
});

t.test('console: a limit is drawn as it was, and does not flatten what it limits', async (t) => {
  const at = (share: number): number => WINDOW_MS * share;
  t.equal(stepsOf([[0, 50], [at(0.5), 50], [at(0.75), 100], [at(1), 100]], at(1), 100, 400, 100), 'M0.0 50.0H200.0H300.0V0.0H400.0', 'steps');
  t.equal(stepsOf([[0, 50], [at(0.5), null], [at(1), 50]], at(1), 100, 400, 100), 'M0.0 50.0H200.0M400.0 50.0', 'no limit is a gap');
  t.equal(stepsOf([[0, 500], [at(1), 500]], at(1), 100, 400, 100), '', 'a limit above the chart is not drawn on its edge');
  const inside = { name: 'inside', look: 'a', points: [[0, 4], [1, 9]] as const };
  t.equal(topOf([inside], [[0, 500]]), 10, 'far above: the scale of the lines alone');
  t.equal(topOf([inside], [[0, 15]]), 15, 'near: both are seen');
  t.equal(topOf([inside], [[0, null]]), 10);
});

t.test('console: the audit log tells what a person decides, and goes on', async (t) => {
  const before = { ratePerMinute: 600, version: 3, name: { ko: 'a', en: 'b' } };
  t.same(toldChanges({ before, after: { ratePerMinute: null, version: 4, name: { ko: 'a', en: 'b' } } }), [
    { field: 'ratePerMinute', from: 600, to: null, isFirst: false },
  ]);
  t.same(toldChanges({ before: null, after: { phase: 'open', epoch: 1 } }), [{ field: 'phase', from: undefined, to: 'open', isFirst: true }]);
  t.same(toldChanges({ before: null, after: null }), []);
  const acts = (...ids: number[]) => ids.map((id) => ({ id }));
  t.same(withLatest(acts(5, 4, 3, 2), acts(6, 5, 4)), acts(6, 5, 4, 3, 2), 'what was read before stays below');
  t.same(withLatest(acts(3, 2), acts(9, 8)), acts(9, 8), 'no gap is hidden');
  t.same(withLatest([], acts(1)), acts(1));
});
