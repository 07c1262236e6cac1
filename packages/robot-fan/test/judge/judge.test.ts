import t from 'tap';
import {
  judgeArrivals,
  judgeCapacity,
  judgeHolds,
  judgeNotes,
  judgeOrder,
  judgeOrders,
  judgeRate,
  judgeRedeems,
  judgeSeats,
  Latencies,
  makeReport,
  Observations,
  printReport,
  type JournalEntry,
  type StoredHold,
} from '@onsale/robot-fan';

const call = (clock: number, orders: number[], more: Partial<JournalEntry> = {}): JournalEntry => ({
  id: `${clock}-0`,
  clock,
  kind: 'call',
  n: orders.length,
  rate: 600,
  capacity: 100,
  slotsBefore: 0,
  inWindow: orders.length,
  places: orders,
  orders,
  lowestLeft: null,
  ...more,
});

t.test('a clean journal is clean', async (t) => {
  const journal = [call(0, [1, 2], { lowestLeft: 3 }), call(1_000, [3], { slotsBefore: 2 }), { id: 'r', clock: 2, kind: 'redeem', place: 1, callNo: 1 }];
  for (const judge of [judgeCapacity, judgeRate, judgeOrder, judgeRedeems]) t.same(judge(journal).violations, [], judge.name);
});

t.test('each judge finds what was planted for it', async (t) => {
  t.match(judgeCapacity([call(0, [1], { slotsBefore: 100 })]).violations[0], /100 slots in use/);
  t.same(judgeCapacity([call(0, [1], { slotsBefore: 100, capacity: null })]).violations, [], 'null: no such limit');
  const minute = Array.from({ length: 601 }, (_, index) => call(index * 99, [index + 1]));
  t.match(judgeRate(minute).violations[0], /601 calls in the minute/);
  t.same(judgeRate(minute.slice(0, 600)).violations, []);
  t.match(
    judgeRate([
      call(
        0,
        Array.from({ length: 11 }, (_, n) => n + 1),
      ),
    ]).violations[0],
    /11 calls at once/,
  );
  t.match(judgeRate([call(1_000, [1]), call(999, [2])]).violations[0], /stepped back/);
  t.match(judgeOrder([call(0, [2, 1])]).violations[0], /out of order/);
  t.match(judgeOrder([call(0, [5], { lowestLeft: 4 })]).violations[0], /while 4 stood in line/);
  t.match(judgeOrder([call(0, [5], { n: 2 })]).violations[0], /names 1 places for 2/);
  const redeem = { id: 'x', clock: 0, kind: 'redeem', place: 9, callNo: 1 };
  t.match(judgeRedeems([redeem, redeem]).violations[0], /redeemed twice/);
});

t.test('a window is the 60 s up to the call, its far end excluded', async (t) => {
  const early = Array.from({ length: 600 }, (_, index) => call(index, [index + 1], { rate: 60_000 }));
  t.same(judgeRate([...early, call(60_599, [601])]).violations, [], 'the last of the 600 was called at 599');
  t.match(judgeRate([...early, call(60_598, [601], { rate: 1 })]).violations[0], /2 calls in the minute/, 'a millisecond earlier one of them still counts');
  t.same(judgeRate([call(0, [1, 2], { rate: 120 }), call(59_999, [3], { rate: 2 })]).violations.length, 1, 'the rate in force at the call counts');
});

t.test('robots compare what they remember', async (t) => {
  const observations = new Observations();
  const fan = (n: number, order: number, sent: number, answered: number, seats: number[] = []) =>
    Object.assign(observations.newFan(n, 'buyer'), { order, joinSentAtMs: sent, joinedAtMs: answered, seats });
  fan(0, 10, 0, 5, [1, 2]);
  fan(1, 11, 6, 9, [3]);
  t.same(judgeArrivals(observations.fans).violations, []);
  t.same(judgeSeats(observations.fans).violations, []);
  fan(2, 9, 10, 12, [3]);
  t.match(judgeArrivals(observations.fans).violations[0], /asked after order 11 had been given and got 9/);
  t.match(judgeSeats(observations.fans).violations[0], /seat 3 was sold to fans 1 and 2/);
  fan(3, 11, 0, 20);
  t.ok(judgeArrivals(observations.fans).violations.some((text) => /both have order 11/.test(text)));
  observations.violation('W6', 'opened twice');
  const notes = judgeNotes(observations.violations, ['W4', 'W6']);
  t.same(
    notes.map(({ violations }) => violations.length),
    [0, 1],
  );
  const report = makeReport(observations, notes, 1.5);
  t.equal(report.violations, 1);
  t.match(printReport(report), /VERDICT: 1 violations/);
});

t.test('what was promised is compared with what is stored', async (t) => {
  const observations = new Observations();
  const fan = Object.assign(observations.newFan(0, 'buyer'), { orderId: 'o', outcome: 'paid' });
  fan.holds.push({ id: 'h', seats: [1, 2], remainingMs: 1_000, atMs: 0, isGivenBack: false });
  const judged = (stored: StoredHold | null, nowMs = 500): readonly string[] => {
    const rows = new Map<string, StoredHold>(stored === null ? [] : [['h', stored]]);
    return judgeHolds(observations.fans, rows, nowMs).violations;
  };
  t.same(judged({ state: 'settled', seats: [1, 2], claimed: 2 }), []);
  t.match(judged(null)[0], /hold h of fan 0 is lost/);
  t.match(judged({ state: 'live', seats: [1, 3], claimed: 2 })[0], /was for seats 1 2 and has 1 3/);
  t.match(judged({ state: 'live', seats: [1, 2], claimed: 1 })[0], /owns 1 of its 2 seats/);
  t.match(judged({ state: 'expired', seats: [1, 2], claimed: 0 })[0], /expired before its time/);
  t.same(judged({ state: 'expired', seats: [1, 2], claimed: 0 }, 1_000), [], 'its time was over');
  for (const hold of fan.holds) hold.isGivenBack = true;
  t.same(judged({ state: 'released', seats: [1, 2], claimed: 0 }), [], 'given back');
  t.match(judged(null)[0], /is lost/, 'given back or not, its row stays');

  t.same(judgeOrders(observations.fans, new Map([['o', 'paid']])).violations, []);
  t.match(judgeOrders(observations.fans, new Map([['o', 'open']])).violations[0], /was paid for fan 0 and is open/);
  t.match(judgeOrders(observations.fans, new Map()).violations[0], /order o of fan 0 is lost/);
});

t.test('quantiles are within five per cent', async (t) => {
  const latencies = new Latencies();
  for (let ms = 1; ms <= 1_000; ms += 1) latencies.add(ms);
  t.ok(Math.abs(latencies.quantile(0.5) - 500) < 30);
  t.ok(Math.abs(latencies.quantile(0.99) - 990) < 55);
  t.equal(new Latencies().quantile(0.5), 0);
});
