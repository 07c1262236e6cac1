import type { HoldReply, SeatDelta, SeatMapReply, SessionReply } from '@onsale/contract';
import type { Hall } from './hall.ts';
import { applyDelta, countFree, decodeSeats, FREE, type Counts, type SeatCodes } from './seat-codes.ts';

/**
 * What the seat page knows and where in the purchase it stands. Pure; `now` is monotonic milliseconds.
 *
 *            hold                     to pay
 *  choosing ─────► held ─────────────────────► checkout ──(order made)──► the order's page
 *     ▲  ▲          │  ▲ swapped, or kept          │
 *     │  └─ ran out ┤  └──────────── swapping ◄─ change ─┘
 *     └── given back┘
 *  from anywhere: session over → ended; no session → no-session; the show cannot be read → away
 */
export type Mode = 'loading' | 'no-session' | 'ended' | 'away' | 'choosing' | 'held' | 'swapping' | 'checkout';
export type Notice =
  /** `seats`: those the refusal names, such as a seat that would be left alone. */
  | { readonly kind: 'problem'; readonly code: string; readonly seats: readonly number[] }
  | { readonly kind: 'gone'; readonly seat: number }
  | { readonly kind: 'ran-out' }
  | { readonly kind: 'limit'; readonly limit: number };
/** What a screen reader is told of the last press; the eyes see it. */
export type Spoken =
  | { readonly kind: 'chosen' | 'removed'; readonly seat: number; readonly count: number; readonly limit: number }
  | { readonly kind: 'held'; readonly count: number; readonly minutes: number };
export type Held = HoldReply & { readonly until: number };
export type Busy = 'hold' | 'swap' | 'best' | 'release' | 'pay' | 'leave';

export type BookingState = {
  readonly mode: Mode;
  readonly hall: Hall | null;
  readonly seats: SeatCodes | null;
  readonly counts: Counts | null;
  /** `idleUntil`: when it ends if nothing is held until then. */
  readonly session: (SessionReply & { readonly until: number; readonly idleUntil: number | null }) | null;
  readonly chosen: readonly number[];
  readonly held: Held | null;
  readonly busy: Busy | null;
  /** What this fan holds besides, by other tabs. */
  readonly others: readonly Held[];
  readonly spoken: Spoken | null;
  readonly notice: Notice | null;
  /** Free sets near the seats that somebody else was faster to take. */
  readonly offers: readonly (readonly number[])[];
  readonly link: 'socket' | 'polling' | 'stale';
  readonly needsWhole: boolean;
};

export type News =
  | { readonly kind: 'hall'; readonly hall: Hall }
  | { readonly kind: 'session'; readonly session: SessionReply }
  | { readonly kind: 'session-over'; readonly code: 'no-session' | 'session-ended' }
  | { readonly kind: 'away' }
  | { readonly kind: 'seats'; readonly reply: SeatMapReply }
  | { readonly kind: 'delta'; readonly reply: SeatDelta }
  | { readonly kind: 'link'; readonly link: BookingState['link'] }
  | { readonly kind: 'toggle'; readonly seat: number }
  | { readonly kind: 'clear' }
  | { readonly kind: 'busy'; readonly busy: Busy | null }
  | { readonly kind: 'held'; readonly hold: HoldReply }
  /** Made or changed by another tab: the fan stays where they are in the purchase. */
  | { readonly kind: 'hold-seen'; readonly hold: HoldReply }
  /** All that the session holds, as the server tells it: another tab may have made, changed or given back any of them. */
  | { readonly kind: 'holds'; readonly holds: readonly HoldReply[] }
  | { readonly kind: 'hold-gone'; readonly id: string }
  /** Chosen before a reload; what is still free is chosen again. */
  | { readonly kind: 'restore'; readonly seats: readonly number[] }
  | { readonly kind: 'ran-out' }
  | { readonly kind: 'refused'; readonly code: string; readonly seats: readonly number[]; readonly offers: readonly (readonly number[])[] }
  | { readonly kind: 'go'; readonly mode: 'held' | 'swapping' | 'checkout' }
  | { readonly kind: 'dismiss' };

export const startBooking = (): BookingState => ({
  mode: 'loading',
  hall: null,
  seats: null,
  counts: null,
  session: null,
  chosen: [],
  held: null,
  busy: null,
  others: [],
  spoken: null,
  notice: null,
  offers: [],
  link: 'polling',
  needsWhole: true,
});

export function learn(state: BookingState, news: News, now: number): BookingState {
  switch (news.kind) {
    case 'hall':
      return ready({ ...state, hall: news.hall });
    case 'session':
      return ready({ ...state, session: sessionAt(news.session, now) });
    case 'session-over':
      return state.mode === 'checkout' || state.mode === 'held'
        ? { ...state, mode: 'ended' }
        : { ...state, mode: news.code === 'no-session' && state.session === null ? 'no-session' : 'ended' };
    case 'away':
      return { ...state, mode: 'away' };
    case 'seats':
      return learnSeats(state, news.reply);
    case 'delta':
      return learnDelta(state, news.reply);
    case 'link':
      return { ...state, link: news.link };
    case 'toggle':
      return toggle(state, news.seat);
    case 'clear':
      return { ...state, chosen: [], notice: null, offers: [] };
    case 'busy':
      return { ...state, busy: news.busy, ...(news.busy === null ? {} : { notice: null, offers: [] }) };
    case 'held':
      return { ...holding(state, untilOf(news.hold, now), now), notice: null, offers: [] };
    case 'hold-seen':
      return holdSeen(state, untilOf(news.hold, now), now);
    case 'holds':
      return learnHolds(state, news.holds.map((hold) => untilOf(hold, now)), now);
    case 'hold-gone':
      return state.held?.id === news.id ? withoutHold(state, state.notice, now) : { ...state, others: without(state.others, news.id) };
    case 'restore':
      return state.mode === 'choosing' ? { ...state, chosen: news.seats.filter((seat) => canChoose(state, seat)).slice(0, limitOf(state)) } : state;
    case 'ran-out':
      return withoutHold(state, { kind: 'ran-out' }, now);
    case 'refused':
      return withOther(refused(state, news.code, news.seats, news.offers), now);
    case 'go':
      return goTo(state, news.mode);
    case 'dismiss':
      return { ...state, notice: null, offers: [] };
  }
}

const untilOf = (hold: HoldReply, now: number): Held => ({ ...hold, until: now + hold.remainingMs });
const without = (holds: readonly Held[], id: string): readonly Held[] => holds.filter((hold) => hold.id !== id);

const holding = (state: BookingState, held: Held, now: number): BookingState => ({
  ...state,
  mode: 'held',
  held,
  others: without(state.others, held.id),
  chosen: held.seats.map(({ seat }) => seat),
  busy: null,
  spoken: { kind: 'held', count: held.seats.length, minutes: Math.ceil((held.until - now) / 60_000) },
});

function holdSeen(state: BookingState, held: Held, now: number): BookingState {
  if (state.held?.id === held.id) return { ...state, held };
  return withOther({ ...state, others: [...without(state.others, held.id), held] }, now);
}

/** While a press is under way, its answer says what became of the hold that is shown. */
function learnHolds(state: BookingState, holds: readonly Held[], now: number): BookingState {
  const held = holds.find(({ id }) => id === state.held?.id);
  const known = { ...state, others: holds.filter((hold) => hold !== held) };
  if (state.held !== null && held === undefined && state.busy === null) return withoutHold(known, state.notice, now);
  return withOther({ ...known, held: held ?? state.held }, now);
}

const withoutHold = (state: BookingState, notice: Notice | null, now: number): BookingState =>
  withOther({ ...state, held: null, busy: null, chosen: [], notice, mode: isInPurchase(state.mode) ? 'choosing' : state.mode }, now);

/** Whoever holds nothing here and something by another tab holds that. */
function withOther(state: BookingState, now: number): BookingState {
  const [other] = state.others;
  return other === undefined || state.held !== null || state.busy !== null || isShut(state.mode) ? state : holding(state, other, now);
}

const sessionAt = (session: SessionReply, now: number): NonNullable<BookingState['session']> => ({
  ...session,
  until: now + session.remainingMs,
  idleUntil: session.idleRemainingMs === null ? null : now + session.idleRemainingMs,
});

/** What is left until the session ends because nothing is held; null while something is, or when the session ends sooner anyway. */
export function idleLeft({ session, held, mode }: BookingState, now: number): number | null {
  if (session === null || session.idleUntil === null || held !== null || mode !== 'choosing' || session.idleUntil >= session.until) return null;
  return Math.max(0, session.idleUntil - now);
}

const isShut = (mode: Mode): boolean => mode === 'ended' || mode === 'no-session' || mode === 'away';
const isInPurchase = (mode: Mode): boolean => mode === 'held' || mode === 'swapping' || mode === 'checkout';

/** The page is ready once it knows the hall, its session and the state of the seats. */
const ready = (state: BookingState): BookingState =>
  state.mode === 'loading' && state.hall !== null && state.session !== null && state.seats !== null ? { ...state, mode: 'choosing' } : state;

function learnSeats(state: BookingState, reply: SeatMapReply): BookingState {
  if (state.hall === null || (state.seats !== null && !state.needsWhole && reply.version < state.seats.version)) return state;
  const seats = decodeSeats(reply, state.hall.seats);
  if (seats === null) return { ...state, needsWhole: true };
  const changed = state.seats === null ? [] : state.chosen.filter((seat) => seats.codes[seat] !== FREE);
  return ready(withoutTaken({ ...state, seats, counts: countFree(state.hall, seats.codes), needsWhole: false }, changed));
}

function learnDelta(state: BookingState, reply: SeatDelta): BookingState {
  if (state.seats === null || state.hall === null) return state;
  const applied = applyDelta(state.seats, reply);
  if (applied.kind === 'old') return state;
  if (applied.kind === 'gap') return { ...state, needsWhole: true };
  const counts = applied.changed.length === 0 ? state.counts : countFree(state.hall, applied.state.codes);
  return withoutTaken({ ...state, seats: applied.state, counts }, applied.changed);
}

/** While the fan chooses, what others take leaves the choice, and the page says so. The fan's own hold is not news. */
function withoutTaken(state: BookingState, changed: readonly number[]): BookingState {
  if (state.seats === null || state.busy !== null || (state.mode !== 'choosing' && state.mode !== 'swapping')) return state;
  const { codes } = state.seats;
  const own = new Set(state.held?.seats.map(({ seat }) => seat));
  const gone = changed.filter((seat) => state.chosen.includes(seat) && codes[seat] !== FREE && !own.has(seat));
  if (gone.length === 0) return state;
  return { ...state, chosen: state.chosen.filter((seat) => !gone.includes(seat)), notice: { kind: 'gone', seat: gone[0] as number } };
}

/** Seats one order may hold; the smallest of the limits that count before anything is bought. */
export const limitOf = (state: BookingState): number => {
  const limits = state.session?.limits;
  return limits === undefined ? 0 : Math.min(limits.seatsPerOrder, limits.perPersonAndShow, limits.perPersonAndEvent);
};

export function canChoose(state: BookingState, seat: number): boolean {
  if (state.seats === null || (state.mode !== 'choosing' && state.mode !== 'swapping')) return false;
  return state.seats.codes[seat] === FREE || state.held?.seats.some((held) => held.seat === seat) === true;
}

function toggle(state: BookingState, seat: number): BookingState {
  if (state.chosen.includes(seat) && (state.mode === 'choosing' || state.mode === 'swapping'))
    return spoken({ ...state, chosen: state.chosen.filter((other) => other !== seat), notice: null }, 'removed', seat);
  if (!canChoose(state, seat)) return state;
  const limit = limitOf(state);
  if (state.chosen.length >= limit) return { ...state, notice: { kind: 'limit', limit } };
  return spoken({ ...state, chosen: [...state.chosen, seat], notice: null, offers: [] }, 'chosen', seat);
}

const spoken = (state: BookingState, kind: 'chosen' | 'removed', seat: number): BookingState => ({
  ...state,
  spoken: { kind, seat, count: state.chosen.length, limit: limitOf(state) },
});

function refused(state: BookingState, code: string, named: readonly number[], offers: readonly (readonly number[])[]): BookingState {
  if (code === 'session-ended' || code === 'no-session') return { ...state, busy: null, mode: 'ended' };
  if (code === 'hold-expired') return learn({ ...state, busy: null }, { kind: 'ran-out' }, 0);
  const chosen = code === 'seat-taken' ? state.chosen.filter((seat) => !named.includes(seat)) : state.chosen;
  return { ...state, busy: null, notice: { kind: 'problem', code, seats: named }, offers, chosen };
}

function goTo(state: BookingState, mode: 'held' | 'swapping' | 'checkout'): BookingState {
  if (state.held === null) return state;
  return { ...state, mode, notice: null, offers: [], chosen: state.held.seats.map(({ seat }) => seat) };
}

export type Quote = { readonly seats: number; readonly amount: number; readonly fees: number };

/** What the seats cost, for showing; what is charged comes from the server. */
export function quote(hall: Hall, seats: readonly number[]): Quote {
  let amount = 0;
  let fees = 0;
  for (const seat of seats) {
    const grade = hall.layout.grades[hall.gradeOf[seat] as number];
    if (grade === undefined) continue;
    amount += grade.price + grade.fee;
    fees += grade.fee;
  }
  return { seats: seats.length, amount, fees };
}
