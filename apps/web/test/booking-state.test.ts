import type { HoldReply, SeatDelta, SessionReply } from '@onsale/contract';
import { seededRandom } from '@onsale/kernel';
import t from 'tap';
import { canChoose, learn, limitOf, quote, startBooking, type BookingState, type News } from '../src/pages/seats/page-state/booking-state.ts';
import { hallOf, seatAt, seatName, sectionAt } from '../src/pages/seats/page-state/hall.ts';
import { applyDelta, countFree, decodeSeats, type SeatCodes } from '../src/pages/seats/page-state/seat-codes.ts';
import { between, panBy, showAll, showBox, toHall, toScreen, zoomAt } from '../src/pages/seats/page-state/viewport.ts';
import { fakeLayout, fakeState, packState } from './fake/hall.ts';

const hall = hallOf(fakeLayout('demo', 3, 3));
const session: SessionReply = {
  room: 'demo',
  idleRemainingMs: null, remainingMs: 600_000,
  shows: ['demo'],
  limits: { seatsPerOrder: 4, perPersonAndShow: 4, perPersonAndEvent: 3, attemptsLeft: 9, ordersLeft: 1 },
};
const whole = (codes: Uint8Array, version = 1) => ({ type: 'seats', show: 'demo', version, state: packState(codes) }) as const;
const delta = (from: number, version: number, changes: [number, number][]): SeatDelta => ({ type: 'delta', show: 'demo', from, version, changes });
const held = (seats: number[]): HoldReply => ({
  id: 'A'.repeat(22),
  show: 'demo',
  state: 'live',
  remainingMs: 480_000,
  amount: 400_000,
  currency: 'KRW',
  seats: seats.map((seat) => ({ seat, section: 'A1', row: '1', label: String(seat + 1), grade: 'VIP', price: 198_000, fee: 2_000 })),
});
const after = (news: readonly News[], from: BookingState = startBooking()): BookingState => news.reduce((state, piece) => learn(state, piece, 0), from);
const ready = (): BookingState =>
  after([
    { kind: 'hall', hall },
    { kind: 'session', session },
    { kind: 'seats', reply: whole(new Uint8Array(hall.seats)) },
  ]);

t.test('the bitmap decodes to what was packed, for every length', async (t) => {
  for (const seats of [1, 2, 3, 4, 5, 63, hall.seats]) {
    const codes = fakeState(seats, 0.7);
    t.same(decodeSeats(whole(codes, 9), seats), { version: 9, codes }, `${seats} seats`);
  }
  t.equal(decodeSeats({ type: 'seats', show: 'demo', version: 1, state: 'AAAA' }, 100), null, 'too short for the hall');
  t.equal(decodeSeats({ type: 'seats', show: 'demo', version: 1, state: '!!!!' }, 4), null, 'not base64');
});

t.test('deltas: in order, repeated, overlapping, with a gap; random walks end where the truth is', async (t) => {
  const start: SeatCodes = { version: 5, codes: new Uint8Array(10) };
  t.equal(applyDelta(start, delta(3, 5, [[1, 2]])).kind, 'old');
  t.equal(applyDelta(start, delta(6, 7, [[1, 2]])).kind, 'gap');
  t.match(
    applyDelta(
      start,
      delta(4, 7, [
        [1, 2],
        [99, 1],
      ]),
    ),
    { kind: 'applied', changed: [1], state: { version: 7 } },
  );
  const seed = Number(process.env['ONSALE_SEED'] ?? 20_261_120);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const roll = (below: number): number => Math.floor(random() * below);
  const truth = new Uint8Array(50);
  const log: SeatDelta[] = [];
  for (let version = 1; version <= 200; version += 1) {
    const seat = roll(50);
    const code = roll(4);
    truth[seat] = code;
    log.push(delta(version - 1, version, [[seat, code]]));
  }
  let state: SeatCodes = { version: 0, codes: new Uint8Array(50) };
  while (state.version < 200) {
    const piece = log[Math.max(0, state.version - roll(3))] as SeatDelta;
    const until = log.slice(piece.from, Math.min(200, piece.from + 1 + roll(6)));
    const applied = applyDelta(
      state,
      delta(
        piece.from,
        piece.from + until.length,
        until.flatMap(({ changes }) => changes),
      ),
    );
    if (applied.kind === 'applied') state = applied.state;
    else t.equal(applied.kind, 'old', 'never a gap when nothing is missing');
  }
  t.same(state.codes, truth);
});

t.test('hall: names, picking, counts', async (t) => {
  t.match(seatName(hall, 19, 'en'), { section: 'Section A1', row: '2', label: '2', grade: { grade: 'VIP' } });
  t.equal(seatName(hall, hall.seats, 'en'), null);
  for (const seat of [0, 17, 240, hall.seats - 1]) {
    const [x, y] = [hall.x[seat] as number, hall.y[seat] as number];
    t.equal(seatAt(hall, x + 0.2, y - 0.2, 0.6), seat);
    t.equal(sectionAt(hall, x, y), hall.sectionOf[seat]);
  }
  t.equal(seatAt(hall, 0, 0, 1), null);
  t.equal(sectionAt(hall, 0, 0), null);
  const codes = fakeState(hall.seats, 0.5);
  const counts = countFree(hall, codes);
  t.equal(counts.free, codes.filter((code) => code === 0).length);
  t.equal(
    counts.bySection.reduce((sum, free) => sum + free, 0),
    counts.free,
  );
  t.equal(
    counts.byGrade.reduce((sum, free) => sum + free, 0),
    counts.free,
  );
});

t.test('choosing: limits, what others take, the own hold', async (t) => {
  let state = ready();
  t.equal(state.mode, 'choosing');
  t.equal(limitOf(state), 3, 'the smallest limit counts');
  for (const seat of [1, 2, 3]) state = learn(state, { kind: 'toggle', seat }, 0);
  t.match(learn(state, { kind: 'toggle', seat: 4 }, 0), { chosen: [1, 2, 3], notice: { kind: 'limit', limit: 3 } });
  t.same(learn(state, { kind: 'toggle', seat: 2 }, 0).chosen, [1, 3]);
  const raced = learn(
    state,
    {
      kind: 'delta',
      reply: delta(1, 2, [
        [2, 1],
        [50, 2],
      ]),
    },
    0,
  );
  t.match(raced, { chosen: [1, 3], notice: { kind: 'gone', seat: 2 } }, 'a seat that somebody takes leaves the choice, aloud');
  t.equal(canChoose(raced, 2), false);
  const holding = after(
    [
      { kind: 'busy', busy: 'hold' },
      {
        kind: 'delta',
        reply: delta(1, 2, [
          [1, 1],
          [2, 1],
          [3, 1],
        ]),
      },
    ],
    state,
  );
  t.same(holding.chosen, [1, 2, 3], 'the own hold coming back over the socket is not news');
  const mine = learn(holding, { kind: 'held', hold: held([1, 2, 3]) }, 1_000);
  t.match(mine, { mode: 'held', busy: null, held: { until: 481_000 } });
  t.equal(learn(mine, { kind: 'toggle', seat: 9 }, 0), mine, 'held seats change only by swapping');
  const seen = learn(learn(mine, { kind: 'go', mode: 'checkout' }, 0), { kind: 'hold-seen', hold: { ...held([1, 2, 3]), remainingMs: 9_000 } }, 2_000);
  t.match(seen, { mode: 'checkout', held: { until: 11_000 } }, 'a hold that is found again sends nobody back');
  const swapping = learn(mine, { kind: 'go', mode: 'swapping' }, 0);
  t.same(
    after(
      [
        { kind: 'toggle', seat: 1 },
        { kind: 'toggle', seat: 9 },
      ],
      swapping,
    ).chosen,
    [2, 3, 9],
  );
  t.ok(canChoose(after([{ kind: 'toggle', seat: 1 }], swapping), 1), 'an own seat may be chosen back');
  t.match(learn(after([{ kind: 'toggle', seat: 1 }], swapping), { kind: 'go', mode: 'held' }, 0), { mode: 'held', chosen: [1, 2, 3] });
});

t.test('refusals: alternatives, run out, session over', async (t) => {
  const chosen = after(
    [
      { kind: 'toggle', seat: 1 },
      { kind: 'toggle', seat: 2 },
      { kind: 'busy', busy: 'hold' },
    ],
    ready(),
  );
  const taken = learn(chosen, { kind: 'refused', code: 'seat-taken', seats: [2], offers: [[4, 5]] }, 0);
  t.match(taken, { mode: 'choosing', busy: null, chosen: [1], offers: [[4, 5]], notice: { kind: 'problem', code: 'seat-taken' } });
  t.same(learn(taken, { kind: 'toggle', seat: 7 }, 0).offers, [], 'choosing anew forgets the offers');
  const mine = learn(chosen, { kind: 'held', hold: held([1, 2]) }, 0);
  t.match(learn(mine, { kind: 'ran-out' }, 0), { mode: 'choosing', held: null, chosen: [], notice: { kind: 'ran-out' } });
  t.match(learn(mine, { kind: 'refused', code: 'hold-expired', seats: [], offers: [] }, 0), { mode: 'choosing', notice: { kind: 'ran-out' } });
  t.equal(learn(mine, { kind: 'refused', code: 'session-ended', seats: [], offers: [] }, 0).mode, 'ended');
  t.equal(learn(startBooking(), { kind: 'session-over', code: 'no-session' }, 0).mode, 'no-session');
  t.equal(learn(mine, { kind: 'session-over', code: 'no-session' }, 0).mode, 'ended');
  t.equal(learn(mine, { kind: 'delta', reply: delta(7, 9, []) }, 0).needsWhole, true, 'a gap asks for everything');
  t.same(quote(hall, [0, 1]), { seats: 2, amount: 400_000, fees: 4_000 });
});

t.test('viewport: points stay where they are, zooming keeps the point, the hall stays in the window', async (t) => {
  const all = showAll(hall.extent, 400, 300);
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;
  const [x, y] = toHall(all, 120, 80);
  const [px, py] = toScreen(all, x, y);
  t.ok(near(px, 120) && near(py, 80));
  const zoomed = zoomAt(showBox(all, { left: 10, top: 40, right: 30, bottom: 60 }, hall.extent, hall.pitch, 20), 200, 150, 1.5, hall.extent, hall.pitch);
  const centre = toHall(showBox(all, { left: 10, top: 40, right: 30, bottom: 60 }, hall.extent, hall.pitch, 20), 200, 150);
  t.ok(near(toHall(zoomed, 200, 150)[0], centre[0]));
  t.equal(zoomAt(all, 10, 10, 0.1, hall.extent, hall.pitch).scale, all.scale, 'never smaller than the whole hall');
  t.ok(zoomAt(all, 10, 10, 1e9, hall.extent, hall.pitch).scale * hall.pitch <= 64 + 1e-6, 'never larger than a seat may be');
  const far = panBy(zoomed, -1e9, 1e9, hall.extent, hall.pitch);
  t.ok(far.x <= hall.extent.right && far.y >= hall.extent.top, 'the hall cannot be lost');
  t.same(between(all, zoomed, 1), { ...zoomed, x: between(all, zoomed, 1).x, y: between(all, zoomed, 1).y });
  t.ok(near(between(all, zoomed, 1).x, zoomed.x) && near(between(all, zoomed, 0).scale, all.scale));
});

t.test('whatever other tabs hold is known: the newest is shown, the rest are told, and the next is shown when one is over', (t) => {
  const [a, b, c] = ['a', 'b', 'c'].map((id, at) => ({ ...held([at]), id })) as [HoldReply, HoldReply, HoldReply];
  const found = learn(ready(), { kind: 'holds', holds: [b, a] }, 0);
  t.match(found, { mode: 'held', held: { id: 'b' }, others: [{ id: 'a' }], chosen: [1] });
  t.match(learn(found, { kind: 'holds', holds: [c, b, a] }, 0), { held: { id: 'b' }, others: [{ id: 'c' }, { id: 'a' }] }, 'what is shown stays');
  t.match(learn(found, { kind: 'hold-seen', hold: c }, 0), { held: { id: 'b' }, others: [{ id: 'a' }, { id: 'c' }] });
  t.match(learn(found, { kind: 'hold-gone', id: 'a' }, 0), { held: { id: 'b' }, others: [] });
  t.match(learn(found, { kind: 'hold-gone', id: 'b' }, 0), { mode: 'held', held: { id: 'a' }, others: [], chosen: [0] });
  t.match(learn(found, { kind: 'ran-out' }, 0), { mode: 'held', held: { id: 'a' }, notice: { kind: 'ran-out' } });
  t.match(learn(found, { kind: 'holds', holds: [a] }, 0), { held: { id: 'a' }, others: [] });
  t.match(learn(found, { kind: 'holds', holds: [] }, 0), { mode: 'choosing', held: null, others: [], chosen: [] });
  const pressing = after([{ kind: 'busy', busy: 'hold' }, { kind: 'hold-seen', hold: a }], ready());
  t.match(pressing, { held: null, others: [{ id: 'a' }] }, 'a press that is under way is not disturbed');
  t.match(learn(pressing, { kind: 'held', hold: b }, 0), { held: { id: 'b' }, others: [{ id: 'a' }] });
  t.match(learn(pressing, { kind: 'refused', code: 'seat-taken', seats: [], offers: [] }, 0), { mode: 'held', held: { id: 'a' }, others: [] });
  t.match(learn({ ...found, mode: 'ended' }, { kind: 'hold-gone', id: 'b' }, 0), { mode: 'ended', held: null });
  t.end();
});
