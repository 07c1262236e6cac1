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

/** What robots noticed on their way, by invariant. */
export function judgeNotes(violations: readonly Violation[], invariants: readonly string[]): Judgement[] {
  return invariants.map((invariant) => {
    const found = violations.filter((violation) => violation.invariant === invariant).map(({ detail }) => detail);
    return { invariant: `${invariant} robots`, checked: 1, violations: found.slice(0, 20), note: found.length === 0 ? 'nothing noticed' : `${found.length} noticed` };
  });
}
