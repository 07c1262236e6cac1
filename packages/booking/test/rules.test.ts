import t from 'tap';
import { invariant, ok, pick, randomBelow, seededRandom, shuffled, valueOf, type OpaqueId } from '@onsale/kernel';
import {
  bestAvailable,
  allowanceKeyText, amountOf, ATTEMPTS_SCOPE, decideBatch, DEFAULT_LIMITS, eventScope, indexLayout, mayMoveOrder, nameSeat, nearestAlternatives, oneMore,
  ORDER_STATES, ORDERS_SCOPE, orphansLeft, packChanges, packCodes, priceSeats, SEAT_CODES, SEAT_STATES, showScope, statesBefore, tagOf, toBase64, unpackChanges,
  unpackCodes, type BatchWrites, type HoldRow, type LockedRows, type SeatCode, type SeatRow, type SeatState,
} from '../src/rules/index.ts';
import { findRowViolations } from '../src/rules/invariants.ts';
import { ShowModel } from '../src/model/index.ts';
import { fan, hall, idFor, SEED, SHOW } from './own-show.ts';
import { randomTurn, someSession, WORLD, WORLD_LIMITS } from './random-commands.ts';

t.comment(`ONSALE_SEED=${SEED}`);
const EVENT = 'event';
const TERMS = { show: SHOW, event: EVENT, limits: WORLD_LIMITS };

/** Tables as plain maps: what a batch locks and writes, without a database. */
class Tables {
  readonly seats = new Map<number, SeatRow>();
  readonly holds = new Map<OpaqueId, HoldRow & { readonly untilMs: number }>();
  readonly allowances = new Map<string, number>();
  readonly lapses = new Map<OpaqueId, Map<number, { count: number; atMs: number }>>();
  nowMs = 0;

  constructor(seats: number) {
    for (let seat = 0; seat < seats; seat += 1) this.seats.set(seat, { state: 'free', claim: null });
  }
  locked(endedSessions: ReadonlySet<OpaqueId>): LockedRows {
    const holds = [...this.holds].map(([id, row]) => [id, { ...row, leftMs: row.untilMs - this.nowMs, expired: row.untilMs <= this.nowMs }] as const);
    // Every row a command could ask for exists: a missing one would mean that somebody else has locked it.
    const allowances = { get: (key: string) => this.allowances.get(key) ?? 0 } as ReadonlyMap<string, number>;
    const lapses = new Map([...this.lapses].map(([person, seats]) => [
      person, new Map([...seats].map(([seat, { count, atMs }]) => [seat, { count, agoMs: this.nowMs - atMs }])),
    ]));
    return { endedSessions, gone: new Set(), allowances, holds: new Map(holds), seats: this.seats, lapses };
  }
  write(writes: BatchWrites): void {
    for (const [seat, row] of writes.seats) this.seats.set(seat, row);
    for (const [id, { from, row, untilMs }] of writes.holds) {
      const before = this.holds.get(id);
      invariant(from === (before?.state ?? null), 'a hold is written on the state it was read in');
      this.holds.set(id, { ...row, untilMs: untilMs === null ? (before?.untilMs ?? 0) : this.nowMs + untilMs });
    }
    for (const { person, seats } of writes.lapses) {
      const own = this.lapses.get(person) ?? new Map<number, { count: number; atMs: number }>();
      this.lapses.set(person, own);
      for (const seat of seats) {
        const before = own.get(seat);
        const { count } = oneMore(before === undefined ? undefined : { count: before.count, agoMs: this.nowMs - before.atMs });
        own.set(seat, { count, atMs: this.nowMs });
      }
    }
    for (const { scope, holder, added } of writes.allowances) {
      const key = allowanceKeyText(scope, holder);
      this.allowances.set(key, (this.allowances.get(key) ?? 0) + added);
    }
  }
}

t.test('fuzz: a batch decides as the model does one command after another, and keeps B1 and B4', async (t) => {
  const random = seededRandom(SEED);
  const model = new ShowModel({ show: SHOW, seats: WORLD.seats, limits: WORLD_LIMITS });
  const tables = new Tables(WORLD.seats);
  const kinds = new Map<string, number>();
  let holds = 0;
  for (let round = 0; round < 1_500; round += 1) {
    tables.nowMs = model.nowMs += randomBelow(random, 12_000);
    if (random() < 0.01) model.endedSessions.add(someSession(random, holds));
    const commands = randomTurn(random, model, 5, () => (holds += 1));
    // The model has no lookup: a command about a hold of the same turn cannot happen, so all of them see the same rows.
    const expected = commands.map((command) => model.apply(command));
    const { decisions, writes } = decideBatch(TERMS, commands, tables.locked(model.endedSessions));
    t.strictSame(decisions, expected, `round ${round}`);
    if (!t.passing()) return t.comment(JSON.stringify(commands));
    tables.write(writes);
    for (const answer of expected) {
      const kind = answer.ok ? `${answer.value.kind}${answer.value.again ? ' again' : ''}` : answer.refusal.kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    for (const { seat, tag } of writes.changes) invariant(
      tag === (tables.seats.get(seat)?.claim == null ? 0 : tagOf(tables.seats.get(seat)?.claim as OpaqueId)), 'tag',
    );
    const violations = findRowViolations({
      seats: tables.seats, holds: [...tables.holds.values()], limits: WORLD_LIMITS,
      liveOf: (person) => tables.allowances.get(allowanceKeyText(showScope(SHOW), person)) ?? 0,
    });
    if (violations.length > 0) return t.fail(violations.join('; '));
  }
  for (const seat of tables.seats.keys()) t.equal(tables.seats.get(seat)?.state, model.stateOf(seat));
  for (const hold of model.holds.values()) t.equal(tables.allowances.get(allowanceKeyText(ATTEMPTS_SCOPE, hold.session)) ?? 0, model.attemptsOf(hold.session));
  t.comment(JSON.stringify(Object.fromEntries([...kinds].sort())));
  for (const kind of [
    'hold', 'hold again', 'swap', 'release', 'expire', 'order', 'lengthen', 'confirming', 'resume', 'await-deposit', 'settle', 'settle again',
    'retake', 'return', 'block', 'unblock',
  ]) {
    t.ok(kinds.has(kind), `${kind} happened`);
  }
  for (const kind of [
    'seat-taken', 'limit', 'too-many-attempts', 'session-ended', 'hold-expired', 'hold-state', 'no-hold', 'key-reused', 'payment-in-progress',
    'orders-used', 'lapsed-too-often',
  ]) {
    t.ok(kinds.has(kind), `${kind} happened`);
  }
});

t.test('a row that is missing is locked elsewhere: the command is put off, and nothing of it is written', async (t) => {
  const { person, session } = fan(0);
  const hold = { kind: 'hold', show: SHOW, hold: idFor('a'), person, session, seats: [0, 1] } as const;
  const seats = new Map<number, SeatRow>([[0, { state: 'free', claim: null }], [1, { state: 'free', claim: null }]]);
  const allowances = new Map([
    [ATTEMPTS_SCOPE, session], [showScope(SHOW), person], [eventScope(EVENT), person], [ORDERS_SCOPE, session],
  ].map(([scope, holder]) => [allowanceKeyText(scope as string, holder as OpaqueId), 0]));
  const all: LockedRows = { endedSessions: new Set(), gone: new Set(), allowances, holds: new Map(), seats, lapses: new Map() };
  t.ok((decideBatch(TERMS, [hold], all).decisions[0] as { ok: boolean }).ok);
  for (const scope of [allowanceKeyText(ATTEMPTS_SCOPE, session), allowanceKeyText(showScope(SHOW), person), allowanceKeyText(eventScope(EVENT), person)]) {
    const without = new Map([...allowances].filter(([key]) => key !== scope));
    const { decisions, writes } = decideBatch(TERMS, [hold], { ...all, allowances: without });
    t.same(decisions, ['defer']);
    t.equal(writes.seats.size + writes.holds.size + writes.allowances.length, 0);
    const gone = decideBatch(TERMS, [hold], { ...all, allowances: without, gone: new Set([scope]) });
    t.match(gone.decisions, [{ ok: false, refusal: { kind: 'session-ended' } }], 'one that is gone ends the session');
  }
  t.same(decideBatch(TERMS, [hold], { ...all, seats: new Map([[0, { state: 'free', claim: null }]]) }).decisions, ['defer'], 'never "taken"');
  const taken: LockedRows = { ...all, seats: new Map([[0, { state: 'sold', claim: idFor('b') }]]) };
  t.match(decideBatch(TERMS, [hold], taken).decisions[0], { ok: false, refusal: { kind: 'seat-taken', seats: [0] } }, 'a seat that is surely taken decides');
  t.same(decideBatch(TERMS, [{ kind: 'expire', show: SHOW, hold: idFor('x') }], all).decisions, ['defer']);
});

t.test('pricing: sums are exact, shares never exceed their seat, too much and too little are refused', async (t) => {
  const random = seededRandom(SEED);
  for (let round = 0; round < 2_000; round += 1) {
    const seats = Array.from(
      { length: 1 + randomBelow(random, 6) },
      (_, seat) => ({ seat, grade: pick(random, ['R', 'S']), price: randomBelow(random, 200_000), fee: randomBelow(random, 3_000) }),
    );
    const faces = seats.reduce((sum, { price }) => sum + price, 0);
    const coupon = randomBelow(random, faces + 1);
    const points = randomBelow(random, 50_000);
    const priced = priceSeats(seats, { coupon, points });
    const due = faces + seats.reduce((sum, { fee }) => sum + fee, 0) - coupon;
    if (!priced.ok) {
      t.ok(priced.refusal.kind === 'reduction-too-large' ? points > due : due - points < 100);
      continue;
    }
    const lines = priced.value;
    t.equal(lines.reduce((sum, line) => sum + line.coupon, 0), coupon);
    t.equal(lines.reduce((sum, line) => sum + line.points, 0), points);
    t.equal(amountOf(lines), due - points);
    if (lines.some(({
      face, fee, coupon: share, points: point, paid,
    }) => paid < 0 || share > face || paid + share + point !== face + fee)) t.fail('a line does not add up');
  }
  const two = [{ seat: 1, grade: 'R', price: 100_000, fee: 2_000 }, { seat: 2, grade: 'S', price: 50_000, fee: 2_000 }];
  t.same(valueOf(priceSeats(two, { coupon: 10_000, couponGrades: ['S'] })).map(({ coupon }) => coupon), [0, 10_000]);
  t.match(priceSeats(two, { coupon: 50_001, couponGrades: ['S'] }), { refusal: { kind: 'reduction-too-large', what: 'coupon', max: 50_000 } });
  t.match(priceSeats(two, { points: 153_901 }), { refusal: { kind: 'amount-too-small', min: 100 } });
  t.equal(amountOf(valueOf(priceSeats(two, { points: 154_000 }))), 0, 'nothing to pay is allowed');
  t.match(priceSeats(two, { points: 153_850 }, 200), { refusal: { kind: 'amount-too-small', min: 200 } });
});

t.test('layout: names, neighbours across a change of grade, and refusal of what is not dense', async (t) => {
  const doc = hall(4, 10);
  const index = indexLayout(doc);
  t.match(nameSeat(index, 25), { section: '1', row: '3', label: '6', grade: 'S', price: 90_000, fee: 2_000 });
  t.same([index.left[10], index.right[10], index.right[19]], [-1, 11, -1]);
  const row = (first: number, count: number, x: number, grade: string) => ({ row: '1', first, count, label0: first + 1, x, y: 0, dx: 1, dy: 0, grade });
  const mixed = {
    ...doc, seats: 6,
    sections: [{ ...doc.sections[0], section: 'A', name: { ko: '', en: '' }, outline: [], rows: [row(0, 2, 0, 'R'), row(2, 2, 2, 'S'), row(4, 2, 7, 'S')] }],
  };
  const linked = indexLayout(mixed);
  t.same([linked.right[1], linked.left[2], linked.right[3], linked.left[4]], [2, 1, -1, -1], 'grade changes are no aisle, gaps are');
  t.throws(() => indexLayout({ ...doc, seats: 41 }));
  t.throws(() => indexLayout({ ...mixed, sections: [{ ...mixed.sections[0], rows: [row(0, 4, 0, 'R'), row(3, 2, 9, 'R')] }] } as never));
  t.throws(() => indexLayout({ ...mixed, grades: [] } as never));
});

t.test('seat codes travel unharmed', async (t) => {
  const random = seededRandom(SEED);
  for (const seats of [1, 2, 3, 4, 5, 1_000]) {
    const codes = Uint8Array.from({ length: seats }, () => randomBelow(random, 4));
    t.same(unpackCodes(packCodes(codes), seats), codes);
    t.equal(toBase64(packCodes(codes)), Buffer.from(packCodes(codes)).toString('base64'));
  }
  const changes = Array.from(
    { length: 50 }, () => ({ seat: randomBelow(random, 200_000), state: pick(random, SEAT_STATES), tag: randomBelow(random, 2 ** 32) }),
  );
  t.same(unpackChanges(packChanges(changes)), changes);
  const id = idFor('tag');
  t.equal(tagOf(id), Buffer.from(id, 'base64url').readUInt32BE());
});

/** Places the free seats of one row by a string: `.` free, `x` taken. */
const codesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => (char === '.' ? SEAT_CODES.free : SEAT_CODES.sold));

t.test('orphan rule: a single seat left alone is named, unless it cannot be helped', async (t) => {
  const index = indexLayout(hall(1, 10));
  const left = (row: string, chosen: number[]) => orphansLeft(index, (seat) => codesOf(row)[seat] === 0, chosen);
  t.same(left('..........', [1, 2]), [0], 'one from the aisle');
  t.same(left('..........', [0, 1]), []);
  t.same(left('..........', [2, 3]), []);
  t.same(left('..x.......', [4, 5]), [3], 'between a sold seat and the choice');
  t.same(left('..........', [1, 3, 4]), [0, 2]);
  t.same(left('x...xxxxxx', [1, 2]), [], 'three free, two wanted: one must stay');
  t.same(left('x...xxxxxx', [2]), [1, 3], 'the middle of three leaves two alone; an end would leave none');
  t.same(left('x.xxxxxxx.', [1]), [], 'a seat that is alone already may be taken');
  t.same(left('....xxxxxx', [1, 2]), [0, 3]);
});

t.test('best available: neighbours, no orphan where it can be helped, nearest to the focus; against a slow search', async (t) => {
  const random = seededRandom(SEED);
  for (let round = 0; round < 200; round += 1) {
    const [rows, perRow] = [1 + randomBelow(random, 4), 2 + randomBelow(random, 8)];
    const layout = indexLayout(hall(rows, perRow));
    const codes = Uint8Array.from({ length: layout.seats }, () => (random() < 0.4 ? SEAT_CODES.sold : SEAT_CODES.free));
    const quantity = 1 + randomBelow(random, 4);
    const best = bestAvailable({ layout, codes, quantity, orphanRule: true });
    const windows = Array.from({ length: layout.seats }, (_, first) => Array.from({ length: quantity }, (_, k) => first + k))
      .filter((seats) => seats.every((seat) => codes[seat] === SEAT_CODES.free && Math.floor(seat / perRow) === Math.floor((seats[0] as number) / perRow)));
    if (windows.length === 0) {
      const free = codes.filter((code) => code === SEAT_CODES.free).length;
      t.equal(best === undefined, free < quantity, 'scattered seats are better than none');
      if (best !== undefined) t.ok(!best.adjacent && new Set(best.seats).size === quantity && best.seats.every((seat) => codes[seat] === SEAT_CODES.free));
      continue;
    }
    const orphansOf = (seats: readonly number[]): number => [layout.left[seats[0] as number], layout.right[seats.at(-1) as number]]
      .filter((seat) => seat !== -1 && codes[seat as number] === SEAT_CODES.free && ![
        layout.left[seat as number], layout.right[seat as number],
      ].some((next) => next !== -1 && codes[next as number] === SEAT_CODES.free && !seats.includes(next as number))).length;
    const far = (seats: readonly number[]): number => {
      const x = ((layout.x[seats[0] as number] as number) + (layout.x[seats.at(-1) as number] as number)) / 2;
      return Math.hypot(x - layout.focus[0], (layout.y[seats[0] as number] as number) - layout.focus[1]);
    };
    const wanted = Math.min(...windows.map((seats) => orphansOf(seats) * 1e6 + far(seats)));
    t.ok(best?.adjacent && Math.abs(orphansOf(best.seats) * 1e6 + far(best.seats) - wanted) < 1e-3, `round ${round}`);
  }
  const layout = indexLayout(hall(2, 4));
  const free = new Uint8Array(8);
  t.same(bestAvailable({ layout, codes: free, quantity: 2, grade: 1 })?.seats.map((seat) => nameSeat(layout, seat).grade), ['S', 'S']);
  t.notOk(bestAvailable({ layout, codes: free, quantity: 5, grade: 1 }));
  t.same(bestAvailable({ layout, codes: free, quantity: 4, isPending: (seat) => seat < 4 })?.seats, [4, 5, 6, 7], 'what others are about to take is left out');
});

t.test('alternatives are free, of the same grade and number, near, and from different rows', async (t) => {
  const layout = indexLayout(hall(20, 20));
  const random = seededRandom(SEED);
  for (let round = 0; round < 100; round += 1) {
    const codes = Uint8Array.from({ length: layout.seats }, () => (random() < 0.5 ? SEAT_CODES.held : SEAT_CODES.free));
    const wanted = [randomBelow(random, layout.seats - 1)].flatMap((seat) => [seat, seat + 1]);
    const found = nearestAlternatives({ layout, codes }, wanted);
    const grade = layout.grade[wanted[0] as number];
    for (const seats of found) t.ok(seats.length === 2 && seats.every((seat) => codes[seat] === SEAT_CODES.free && layout.grade[seat] === grade));
    t.equal(new Set(found.map((seats) => layout.row[seats[0] as number])).size, found.length);
  }
});

t.test('order states: late money can always be seated or refunded, and nothing leaves a refund', async (t) => {
  for (const state of ORDER_STATES) t.ok(state === 'refunded' || ORDER_STATES.some((to) => mayMoveOrder(state, to)), `${state} has a way out`);
  t.ok(statesBefore('paid').includes('expired') && statesBefore('refunding').includes('cancelled'));
  t.same(statesBefore('open'), ['paying']);
  t.equal(DEFAULT_LIMITS.perPersonAndEvent, 8);
});

t.test('negative control: the audit of rows sees what is broken', async (t) => {
  const row = (state: SeatState, claim: OpaqueId | null): SeatRow => ({ state, claim });
  const [a, b] = [idFor('a'), idFor('b')];
  const hold = (id: OpaqueId, seats: number[], state: HoldRow['state'] = 'live'): HoldRow => ({
    id, person: fan(0).person, session: null, state, seats, order: null, attempt: null, lengthened: false, awaiting: false, swaps: 0, requests: '',
    expired: false, leftMs: 1,
  });
  const audit = (
    seats: [number, SeatRow][], holds: HoldRow[], live: number,
  ) => findRowViolations({ seats: new Map(seats), holds, limits: WORLD_LIMITS, liveOf: () => live });
  t.same(audit([[0, row('held', a)]], [hold(a, [0])], 1), []);
  t.ok(audit([[0, row('held', a)]], [hold(a, [0]), hold(b, [0])], 2).length > 0, 'two holds own one seat');
  t.ok(audit([[0, row('free', null)]], [hold(a, [0])], 1).length > 0, 'a live hold without its seat');
  t.ok(audit([[0, row('held', b)]], [hold(a, [0])], 1).length > 0, 'a seat with the wrong claim');
  t.ok(audit([[0, row('sold', a)]], [hold(a, [0])], 1).length > 0, 'sold without payment');
  t.ok(audit([[0, row('held', null)]], [], 0).length > 0, 'held by nobody');
  t.ok(audit([[0, row('held', a)]], [hold(a, [0])], 2).length > 0, 'a counter that is wrong');
  t.ok(audit(Array.from({ length: 6 }, (_, seat) => [seat, row('held', a)]), [hold(a, [0, 1, 2, 3, 4, 5])], 6).length > 0, 'over the limit');
  const shuffledCodes: SeatCode[] = shuffled(seededRandom(SEED), [0, 1, 2, 3]);
  t.same([...shuffledCodes].sort(), [0, 1, 2, 3]);
  t.same(ok(1), { ok: true, value: 1 });
});
