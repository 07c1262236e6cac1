import type { OpaqueId } from '@onsale/kernel';
import type { SeatRow } from './batch-rows.ts';
import { ownsSeats, type HoldRow } from './hold.ts';
import type { SeatLimits } from './seat-limit.ts';
import { isClaimed } from './seat.ts';

/** Rows of one show, as a test or an auditor has read them in one snapshot. */
export type ShowRows = {
  readonly seats: ReadonlyMap<number, SeatRow>;
  readonly holds: readonly HoldRow[];
  readonly limits: SeatLimits;
  /** The counter of the person's seats in this show. */
  readonly liveOf: (person: OpaqueId) => number;
};

/** What breaks B1 or B4, in words without persons; the pure twin of the SQL audit in store/invariants.ts. */
export function findRowViolations(rows: ShowRows): string[] {
  return [...seatViolations(rows), ...holdViolations(rows), ...limitViolations(rows)];
}

/** B1: a seat is claimed exactly while it is held or sold, by one hold, which counts it among its own. */
function* seatViolations({ seats, holds }: ShowRows): Generator<string> {
  const byId = new Map(holds.map((hold) => [hold.id, hold]));
  for (const [seat, { state, claim }] of seats) {
    if (isClaimed(state) !== (claim !== null)) yield `seat ${seat} is ${state} ${claim === null ? 'without' : 'with'} a claim`;
    if (claim === null) continue;
    const hold = byId.get(claim);
    if (hold === undefined || !ownsSeats(hold.state) || !hold.seats.includes(seat)) yield `seat ${seat} is claimed by a hold that does not own it`;
    else if ((state === 'sold') !== (hold.state === 'settled')) yield `seat ${seat} is ${state} while its hold is ${hold.state}`;
  }
}

function* holdViolations({ seats, holds }: ShowRows): Generator<string> {
  for (const { id, state, seats: own } of holds) {
    if (!ownsSeats(state)) continue;
    for (const seat of own) if (seats.get(seat)?.claim !== id) yield `hold ${id} is ${state} without its seat ${seat}`;
  }
}

/** B4: the counter says what the holds say, and no more than the limits. */
function* limitViolations({ holds, limits, liveOf }: ShowRows): Generator<string> {
  const counted = new Map<OpaqueId, number>();
  for (const { id, person, state, seats } of holds) {
    if (seats.length > limits.perOrder) yield `hold ${id} has ${seats.length} seats`;
    counted.set(person, (counted.get(person) ?? 0) + (ownsSeats(state) ? seats.length : 0));
  }
  for (const [person, live] of counted) {
    if (live !== liveOf(person)) yield `a person has ${live} seats and is counted with ${liveOf(person)}`;
    if (live > limits.perPersonAndShow) yield `a person has ${live} seats`;
  }
}
