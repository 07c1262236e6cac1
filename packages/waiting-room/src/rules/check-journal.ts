import type { JournalEntry } from './journal.ts';
import { LIMITS } from './limits.ts';

/** A rule that the journal shows broken. `rule`: W1, W2, W3, W4, W6 of the README. `id`: of the entry that shows it. */
export type Violation = { readonly rule: 'W1' | 'W2' | 'W3' | 'W4' | 'W6'; readonly id: string; readonly what: string };

/** Violations reported at most: one bug breaks the same rule many times. */
export const VIOLATIONS_MAX = 100;

type State = {
  readonly violations: Violation[];
  readonly window: { clock: number; n: number }[];
  readonly callOf: Map<number, number>;
  readonly entered: Map<number, number>;
  readonly redeemed: Set<number>;
  readonly ended: Set<number>;
  lastCallNo: number;
  /** After Redis lost its tail, entries of the lost seconds are missing too. */
  lostTail: boolean;
};

/**
 * Checks W1, W2, W3, W4 and W6 on a room's journal, oldest entry first and without gaps. `fromStart`: the journal begins
 * with the room; otherwise what refers to entries trimmed away is not judged.
 */
export function checkJournal(entries: readonly JournalEntry[], fromStart: boolean): Violation[] {
  const state: State = {
    violations: [], window: [], callOf: new Map(), entered: new Map(), redeemed: new Set(), ended: new Set(), lastCallNo: 0, lostTail: !fromStart,
  };
  for (const entry of entries) {
    if (state.violations.length >= VIOLATIONS_MAX) break;
    checkEntry(state, entry);
  }
  return state.violations;
}

function checkEntry(state: State, entry: JournalEntry): void {
  const broken = (rule: Violation['rule'], what: string): void => void state.violations.push({ rule, id: entry.id, what });
  switch (entry.kind) {
    case 'call': return checkCall(state, entry, broken);
    case 'enter':
      if (state.ended.has(entry.place)) broken('W6', `place ${entry.place} entered after its end`);
      if (!state.lostTail && state.callOf.get(entry.place) !== entry.callNo) broken('W1', `place ${entry.place} entered without call ${entry.callNo}`);
      if (!state.lostTail && state.entered.has(entry.place)) broken('W4', `place ${entry.place} was granted entry twice`);
      state.entered.set(entry.place, entry.callNo);
      return;
    case 'redeem':
      if (state.redeemed.has(entry.place)) broken('W6', `place ${entry.place} redeemed twice`);
      if (state.ended.has(entry.place)) broken('W6', `place ${entry.place} redeemed after its end`);
      if (!state.lostTail && state.entered.get(entry.place) !== entry.callNo) {
        broken('W6', `place ${entry.place} redeemed without entering by call ${entry.callNo}`);
      }
      state.redeemed.add(entry.place);
      return;
    case 'adopt':
      state.redeemed.add(entry.place);
      return;
    case 'end':
      for (const place of entry.places) {
        if (state.ended.has(place) && !state.lostTail) broken('W4', `place ${place} ended twice`);
        state.ended.add(place);
      }
      return;
    case 'readopt':
      state.lostTail = true;
      state.window.push({ clock: entry.clock, n: entry.phantomCalls });
      return;
    default: return;
  }
}

function checkCall(state: State, call: Extract<JournalEntry, { kind: 'call' }>, broken: (rule: Violation['rule'], what: string) => void): void {
  const { clock, n, rate, capacity, slotsBefore, places, orders, lowestLeft, firstCallNo } = call;
  if (capacity !== null && slotsBefore + n > capacity) broken('W1', `${slotsBefore} slots in use + ${n} calls > capacity ${capacity}`);
  while (state.window[0] !== undefined && state.window[0].clock <= clock - LIMITS.WINDOW_MS) state.window.shift();
  state.window.push({ clock, n });
  const inWindow = state.window.reduce((sum, batch) => sum + batch.n, 0);
  if (rate !== null && Math.max(inWindow, call.inWindow) > rate) broken('W2', `${inWindow} calls in 60 s > rate ${rate}`);
  if (rate !== null && n > Math.max(1, (rate * LIMITS.BURST_MS) / LIMITS.WINDOW_MS)) broken('W2', `${n} calls at once at rate ${rate}`);
  if (orders.some((order, index) => index > 0 && order <= (orders[index - 1] as number))) broken('W3', 'orders of a call do not rise');
  if (lowestLeft !== null && (orders.at(-1) ?? 0) >= lowestLeft) broken('W3', `called ${orders.at(-1)} although ${lowestLeft} waits`);
  if (firstCallNo <= state.lastCallNo) broken('W4', `call number ${firstCallNo} given twice`);
  state.lastCallNo = firstCallNo + n - 1;
  places.forEach((place, index) => {
    if (state.ended.has(place) && !state.lostTail) broken('W4', `place ${place} called after its end`);
    if (state.redeemed.has(place)) broken('W4', `place ${place} called while in booking`);
    state.callOf.set(place, firstCallNo + index);
  });
}
