/**
 * The waiting room's journal as it comes over ops, and what W1, W2, W3 and W6 say of it. Pure. `clock` is the room clock
 * in milliseconds; see the waiting room's README for every entry's meaning.
 */
export type JournalEntry = { readonly id: string; readonly clock: number; readonly kind: string } & Partial<CallEntry> & {
    readonly place?: number;
    readonly callNo?: number;
    readonly issuedBefore?: number;
    readonly issuedAfter?: number;
  };
export type CallEntry = {
  readonly n: number;
  readonly rate: number | null;
  readonly capacity: number | null;
  readonly slotsBefore: number;
  readonly inWindow: number;
  readonly places: readonly number[];
  readonly orders: readonly number[];
  readonly lowestLeft: number | null;
};
export type Judgement = {
  readonly invariant: string;
  readonly checked: number;
  readonly violations: readonly string[];
  /** A figure worth showing. */ readonly note: string;
};

const WINDOW_MS = 60_000;
/** Credit never holds more than one second's worth of calls, and always one. */
const BURST_MS = 1_000;
const VIOLATIONS_SHOWN_MAX = 20;

type Call = JournalEntry & CallEntry;
const callsOf = (journal: readonly JournalEntry[]): Call[] => journal.filter((entry): entry is Call => entry.kind === 'call');
const judged = (invariant: string, checked: number, violations: string[], note: string): Judgement => ({
  invariant,
  checked,
  violations: violations.slice(0, VIOLATIONS_SHOWN_MAX),
  note,
});

/** W1: no call while slots in use ≥ capacity. */
export function judgeCapacity(journal: readonly JournalEntry[]): Judgement {
  const calls = callsOf(journal);
  const violations: string[] = [];
  let most = 0;
  for (const call of calls) {
    const after = call.slotsBefore + call.n;
    most = Math.max(most, after);
    if (call.capacity !== null && call.n > 0 && after > call.capacity)
      violations.push(`call at ${call.clock}: ${call.slotsBefore} slots in use, ${call.n} called, capacity ${call.capacity}`);
  }
  return judged('W1', calls.length, violations, `most slots in use after a call: ${most}`);
}

/** W2: calls in the 60 s up to each call ≤ the rate then in force; and no call bunches more than a second's credit. */
export function judgeRate(journal: readonly JournalEntry[]): Judgement {
  const calls = callsOf(journal);
  const violations: string[] = [];
  let [oldest, inWindow, most] = [0, 0, 0];
  for (const [index, call] of calls.entries()) {
    inWindow += call.n;
    for (let old = calls[oldest]; oldest < index && old !== undefined && old.clock <= call.clock - WINDOW_MS; old = calls[oldest]) {
      inWindow -= old.n;
      oldest += 1;
    }
    most = Math.max(most, inWindow);
    if (call.rate === null) continue;
    if (inWindow > call.rate) violations.push(`${inWindow} calls in the minute up to ${call.clock}, rate ${call.rate}`);
    if (call.n > Math.max(1, (call.rate * BURST_MS) / WINDOW_MS) + 1e-9)
      violations.push(`${call.n} calls at once at ${call.clock}, rate ${call.rate} allows ${(call.rate * BURST_MS) / WINDOW_MS}`);
  }
  for (let index = 1; index < calls.length; index += 1) {
    const [before, call] = [calls[index - 1] as Call, calls[index] as Call];
    if (call.clock < before.clock) violations.push(`the room clock stepped back from ${before.clock} to ${call.clock}`);
  }
  return judged('W2', calls.length, violations, `most calls in any minute: ${most}`);
}

/** W3: each call took the lowest orders of the line at that moment, in order; nobody is called twice by one number. */
export function judgeOrder(journal: readonly JournalEntry[]): Judgement {
  const calls = callsOf(journal);
  const violations: string[] = [];
  for (const call of calls) {
    const highest = call.orders.at(-1);
    if (call.orders.some((order, index) => index > 0 && order <= (call.orders[index - 1] as number)))
      violations.push(`orders out of order in the call at ${call.clock}`);
    if (highest !== undefined && call.lowestLeft !== null && highest >= call.lowestLeft)
      violations.push(`order ${highest} was called at ${call.clock} while ${call.lowestLeft} stood in line`);
    if (call.places.length !== call.n || call.orders.length !== call.n)
      violations.push(`the call at ${call.clock} names ${call.places.length} places for ${call.n}`);
  }
  return judged(
    'W3',
    calls.reduce((sum, { n }) => sum + n, 0),
    violations,
    `${calls.length} calls`,
  );
}

/** W6, the waiting room's half: a place is redeemed at most once, and only after it entered or was called. */
export function judgeRedeems(journal: readonly JournalEntry[]): Judgement {
  const redeemed = new Set<number>();
  const violations: string[] = [];
  for (const entry of journal) {
    if (entry.kind !== 'redeem' || entry.place === undefined) continue;
    if (redeemed.has(entry.place)) violations.push(`place ${entry.place} was redeemed twice`);
    redeemed.add(entry.place);
  }
  return judged('W6', redeemed.size, violations, `${redeemed.size} redeemed`);
}
