import type { FanRecord, Violation } from '../observations.ts';
import type { Judgement } from './journal.ts';

/** What the robots' own memories prove or refute, whatever the servers say of themselves. Pure. */

/** W3 and W5: orders are unique, and whoever asked after another had been answered stands behind them. */
export function judgeArrivals(fans: readonly FanRecord[]): Judgement {
  const joined = fans.filter((fan) => fan.order !== null && fan.joinSentAtMs !== null && fan.joinedAtMs !== null);
  const violations: string[] = [];
  const holders = new Map<number, number>();
  for (const fan of joined) {
    const other = holders.get(fan.order as number);
    if (other !== undefined) violations.push(`fans ${other} and ${fan.fan} both have order ${fan.order}`);
    holders.set(fan.order as number, fan.fan);
  }
  const byAnswer = joined.toSorted((one, other) => (one.joinedAtMs as number) - (other.joinedAtMs as number));
  const byAsking = joined.toSorted((one, other) => (one.joinSentAtMs as number) - (other.joinSentAtMs as number));
  let answered = 0;
  let highest = -Infinity;
  for (const fan of byAsking) {
    for (let before = byAnswer[answered]; before !== undefined && (before.joinedAtMs as number) < (fan.joinSentAtMs as number); before = byAnswer[answered]) {
      highest = Math.max(highest, before.order as number);
      answered += 1;
    }
    if ((fan.order as number) < highest) violations.push(`fan ${fan.fan} asked after order ${highest} had been given and got ${fan.order}`);
  }
  return { invariant: 'W3 arrivals', checked: joined.length, violations: violations.slice(0, 20), note: `${holders.size} different orders` };
}

/** B1: no seat is in two paid orders. */
export function judgeSeats(fans: readonly FanRecord[]): Judgement {
  const owners = new Map<number, number>();
  const violations: string[] = [];
  for (const fan of fans) {
    for (const seat of fan.seats) {
      const other = owners.get(seat);
      if (other !== undefined) violations.push(`seat ${seat} was sold to fans ${other} and ${fan.fan}`);
      owners.set(seat, fan.fan);
    }
  }
  return { invariant: 'B1 seats', checked: owners.size, violations: violations.slice(0, 20), note: `${owners.size} seats sold to robots` };
}

/** A hold as the store has it. `claimed`: how many of its seats are its own there. */
export type StoredHold = { readonly state: string; readonly seats: readonly number[]; readonly claimed: number };

/**
 * B2: every hold that was acknowledged is still there and owns its seats, unless its fan gave it back or its time is over. `nowMs` on the
 * clock of the robots; `stored` by hold id, read at `nowMs`.
 */
export function judgeHolds(fans: readonly FanRecord[], stored: ReadonlyMap<string, StoredHold>, nowMs: number): Judgement {
  const violations: string[] = [];
  const holds = fans.flatMap(({ fan, holds }) => holds.map((hold) => ({ fan, ...hold })));
  for (const { fan, id, seats, remainingMs, atMs, isGivenBack } of holds) {
    const found = stored.get(id);
    if (found === undefined) violations.push(`hold ${id} of fan ${fan} is lost: seats ${seats.join(' ')}`);
    else if (found.seats.toString() !== seats.toString())
      violations.push(`hold ${id} of fan ${fan} was for seats ${seats.join(' ')} and has ${found.seats.join(' ')}`);
    else if (['released', 'expired'].includes(found.state)) {
      if (!isGivenBack && atMs + remainingMs > nowMs) violations.push(`hold ${id} of fan ${fan} is ${found.state} before its time`);
    } else if (found.claimed !== seats.length) violations.push(`hold ${id} of fan ${fan} owns ${found.claimed} of its ${seats.length} seats`);
  }
  return { invariant: 'B2 holds', checked: holds.length, violations: violations.slice(0, 20), note: `${holds.length} acknowledged holds` };
}

/** B2 and B3: every order that was acknowledged is there; what was shown as paid stays so. `stored`: states by order id. */
export function judgeOrders(fans: readonly FanRecord[], stored: ReadonlyMap<string, string>): Judgement {
  const violations: string[] = [];
  const orders = fans.filter(({ orderId }) => orderId !== null);
  for (const { fan, orderId, outcome } of orders) {
    const state = stored.get(orderId as string);
    if (state === undefined) violations.push(`order ${orderId} of fan ${fan} is lost`);
    else if (outcome === 'paid' && state !== 'paid') violations.push(`order ${orderId} was paid for fan ${fan} and is ${state}`);
  }
  return { invariant: 'B2 orders', checked: orders.length, violations: violations.slice(0, 20), note: `${orders.length} acknowledged orders` };
}

/** What robots noticed on their way, by invariant. */
export function judgeNotes(violations: readonly Violation[], invariants: readonly string[]): Judgement[] {
  return invariants.map((invariant) => {
    const found = violations.filter((violation) => violation.invariant === invariant).map(({ detail }) => detail);
    return {
      invariant: `${invariant} robots`,
      checked: 1,
      violations: found.slice(0, 20),
      note: found.length === 0 ? 'nothing noticed' : `${found.length} noticed`,
    };
  });
}
