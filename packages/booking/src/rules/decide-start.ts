import type { OpaqueId } from '@onsale/kernel';
import { HOLD_MS, ownsSeats, type HoldRow } from './hold.ts';
import { recall, remember } from './keyed-request.ts';
import { refusedForMs } from './lapse.ts';
import { addLiveSeats, attemptsOf, did, haveSeats, liveSeats, moveOwnSeats, refused, takenSeats, type CommandOf, type Decision, type Scene } from './scene.ts';
import { ATTEMPTS_SCOPE, checkSeatLimits, eventScope, showScope } from './seat-limit.ts';

/** What a session starts: a hold, and another choice of seats. Refusals in the order of `CommandRefusal`. */
export function decideHold(scene: Scene, command: CommandOf<'hold'>): Decision {
  const { rows } = scene;
  const made = rows.hold(command.hold);
  if (made !== undefined) return answerAgain(scene, command, made);
  const start = mayStart(scene, command, command.seats.length, command.seats.length);
  if (start !== 'yes') return start;
  const spent = refuseLapsed(scene, command.person, command.seats);
  if (spent !== undefined) return spent;
  const taken = takenSeats(scene, command.seats);
  if (taken.length > 0) return refused({ kind: 'seat-taken', seats: taken, alternatives: [] });
  if (!haveSeats(scene, command.seats)) return 'defer';
  const { hold: id, person, session, seats, holdMs = HOLD_MS, keyed } = command;
  const row: HoldRow = {
    id, person, session, state: 'live', seats, order: null, attempt: null, lengthened: false, awaiting: false, swaps: 0, requests: remember('', keyed),
    expired: false, leftMs: holdMs,
  };
  rows.newHold(row);
  rows.setSeats(seats, 'held', id);
  addLiveSeats(scene, person, seats.length);
  rows.add(ATTEMPTS_SCOPE, session, 1);
  return did('hold', rows.view(row), { changed: seats });
}

/** The id was made from this session's key, so whatever has it is what the key once made. */
function answerAgain({ rows }: Scene, command: CommandOf<'hold'>, made: HoldRow): Decision {
  if (made.person !== command.person) return refused({ kind: 'no-hold' });
  if (recall(made.requests, command.keyed) === 'other') return refused({ kind: 'key-reused' });
  return answerReplay('hold', rows, made);
}

/** The request was answered before: what became of its hold. */
function answerReplay(kind: 'hold' | 'swap', rows: Scene['rows'], made: HoldRow): Decision {
  if (made.state === 'expired' || (made.state === 'live' && made.expired)) return refused({ kind: 'hold-expired' });
  if (!ownsSeats(made.state)) return refused({ kind: 'hold-state', state: made.state, order: made.order });
  return did(kind, rows.view(made), { again: true });
}

/** What an entry has made is gone: whoever started the sale over has ended it. */
const isOver = ({ terms, rows }: Scene, { person, session }: { readonly person: OpaqueId; readonly session: OpaqueId }): boolean =>
  rows.isGone(ATTEMPTS_SCOPE, session) || rows.isGone(showScope(terms.show), person) || rows.isGone(eventScope(terms.event), person);

/** Session, attempts and seat limits, for `size` seats of which `added` are new. */
function mayStart(scene: Scene, who: { readonly person: OpaqueId; readonly session: OpaqueId }, size: number, added: number): Decision | 'yes' {
  const { limits } = scene.terms;
  if (scene.rows.isEnded(who.session)) return refused({ kind: 'session-ended' });
  const attempts = attemptsOf(scene, who.session);
  const live = liveSeats(scene, who.person);
  if (attempts === undefined || live === undefined) return isOver(scene, who) ? refused({ kind: 'session-ended' }) : 'defer';
  if (attempts >= limits.attemptsPerSession) return refused({ kind: 'too-many-attempts', max: limits.attemptsPerSession });
  const beyond = checkSeatLimits(limits, live, size, added);
  return beyond === undefined ? 'yes' : refused(beyond);
}

/** Seats that this person has let lapse too often are not theirs to have for a while. */
function refuseLapsed({ rows }: Scene, person: OpaqueId, seats: readonly number[]): Decision | undefined {
  const waits = new Map(seats.map((seat) => [seat, refusedForMs(rows.lapse(person, seat))]));
  const refusedSeats = seats.filter((seat) => waits.get(seat) !== 0);
  if (refusedSeats.length === 0) return undefined;
  return refused({ kind: 'lapsed-too-often', seats: refusedSeats, retryAfterMs: Math.max(...waits.values()) });
}

/** Either all of the new seats, or the old ones: never neither. The deadline stays, or swapping would hold seats for ever. */
export function decideSwap(scene: Scene, command: CommandOf<'swap'>): Decision {
  const { rows } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  if (hold.person !== command.person) return refused({ kind: 'no-hold' });
  const known = recall(hold.requests, command.keyed);
  if (known === 'other') return refused({ kind: 'key-reused' });
  if (known === 'same') return answerReplay('swap', rows, hold);
  if (hold.state === 'expired' || (hold.state === 'live' && hold.expired)) return refused({ kind: 'hold-expired' });
  if (hold.state !== 'live' || hold.order !== null) return refused({ kind: 'hold-state', state: hold.state, order: hold.order });
  const gained = command.seats.filter((seat) => !hold.seats.includes(seat));
  const lost = hold.seats.filter((seat) => !command.seats.includes(seat));
  const requests = remember(hold.requests, command.keyed);
  if (gained.length === 0 && lost.length === 0) {
    return did('swap', rows.view(requests === hold.requests ? hold : rows.changeHold(hold.id, { requests })), { again: true });
  }
  const start = mayStart(scene, command, command.seats.length, gained.length - lost.length);
  if (start !== 'yes') return start;
  const spent = refuseLapsed(scene, command.person, gained);
  if (spent !== undefined) return spent;
  const taken = takenSeats(scene, gained);
  if (taken.length > 0) return refused({ kind: 'seat-taken', seats: taken, alternatives: [] });
  if (!haveSeats(scene, gained) || !haveSeats(scene, lost)) return 'defer';
  moveOwnSeats(scene, hold, lost, 'free');
  rows.setSeats(gained, 'held', hold.id);
  addLiveSeats(scene, hold.person, gained.length - lost.length);
  rows.add(ATTEMPTS_SCOPE, command.session, 1);
  const swapped = rows.changeHold(hold.id, { seats: command.seats, swaps: hold.swaps + 1, requests });
  return did('swap', rows.view(swapped), { changed: [...gained, ...lost] });
}
