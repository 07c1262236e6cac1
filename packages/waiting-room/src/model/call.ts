import type { CallReply, CallRequest } from '../call.ts';
import { LIMITS } from '../rules/limits.ts';
import type { LimitReason } from '../rules/words.ts';
import { adoptedData, NO_SLOT, writeJournal, type ModelData, type ModelRoom } from './model-room.ts';
import { lineOf, slotsInUse } from './standing.ts';

/**
 * The caller's tick. `nowMs`: Redis' TIME in whole ms since the Unix epoch. Order of its parts: clock, opening, terms, calls,
 * pace. The formulas are those of the README, "The room clock", term by term, so that both sides round alike.
 */
export function call(room: ModelRoom, request: Omit<CallRequest, 'clockOffsetMs'> & { readonly nowMs: number }): CallReply {
  const data = adoptedData(room);
  if (typeof data === 'string') return { word: data };
  const stepMs = moveClock(data, request);
  const { opensAtMs } = data.settings;
  if (data.phase === 'scheduled' && opensAtMs !== null && request.nowMs >= opensAtMs) {
    data.phase = 'open';
    writeJournal(data, { kind: 'open' });
  }
  const off = whyOff(data);
  data.peakWaiting = Math.max(data.peakWaiting, lineOf(data).length);
  const term = lowestTerm(data, stepMs);
  const { count, reason } = off === null ? term : { count: 0, reason: off };
  const slotsBefore = slotsInUse(data);
  const called = callLowest(data, count, { slotsBefore, reason });
  const waiting = lineOf(data).length;
  countPace(data, count, off !== null || waiting === 0);
  data.reason = reason;
  data.totals.called += count;
  return {
    word: 'ticked', clock: data.clock, phase: data.phase, reason, called, slotsInUse: slotsBefore + count, waiting, incarnation: data.incarnation,
    epoch: data.settings.epoch,
  };
}

/** Moves the clock, the period of the signs of life and the sliding minute; answers by how much, in ms. */
function moveClock(data: ModelData, { lastClock, elapsedMs, nowMs }: Parameters<typeof call>[1]): number {
  let stepMs = 0;
  let owedMs = 0;
  if (lastClock !== null) {
    const passed = Math.max(0, nowMs - data.wall);
    const allowed = Math.max(0, Math.min(lastClock + elapsedMs - data.clock, LIMITS.STEP_MS_MAX, data.settings.absentAfterMs / LIMITS.PERIODS));
    stepMs = Math.floor(Math.min(passed, allowed));
    owedMs = Math.min(LIMITS.WALL_SLACK_MS, passed - stepMs);
  }
  data.wall = nowMs - owedMs;
  data.clock += stepMs;
  const { presence } = data;
  if (data.clock - presence.periodAt >= data.settings.absentAfterMs / LIMITS.PERIODS) {
    presence.period += 1;
    presence.periodAt = data.clock;
  }
  data.batches = data.batches.filter(({ clock }) => clock > data.clock - LIMITS.WINDOW_MS);
  return stepMs;
}

const inWindow = (data: ModelData): number => data.batches.reduce((sum, { n }) => sum + n, 0);

/** How many may be called, and which term says so: of equal ones the first, but one that is exceeded is named before one that is just reached. */
function lowestTerm(data: ModelData, stepMs: number): { count: number; reason: LimitReason } {
  const { ratePerMinute: rate, capacity } = data.settings;
  const terms: [number, LimitReason][] = [[LIMITS.BATCH_MAX, 'batch'], [lineOf(data).length, 'line']];
  if (capacity !== null) terms.push([capacity - slotsInUse(data), 'capacity']);
  if (rate !== null) {
    data.credit = Math.min(Math.max(1, (rate * LIMITS.BURST_MS) / 60_000), data.credit + (stepMs * rate) / 60_000);
    terms.push([rate - inWindow(data), inWindow(data) > rate ? 'rate-lowered' : 'rate'], [Math.floor(data.credit), 'rate']);
  }
  const [count, reason] = terms.reduce((lowest, term) => (term[0] < Math.max(0, lowest[0]) ? term : lowest));
  return { count: Math.max(0, count), reason };
}

/** Why nobody may be called at all, or null. */
function whyOff(data: ModelData): LimitReason | null {
  if (data.phase === 'lobby' || data.phase === 'drawing') return 'scheduled';
  if (data.phase !== 'open') return data.phase;
  if (data.callsOffUntil > data.clock) return 'readopted';
  return data.presence.returning > 0 ? 'returning' : null;
}

function callLowest(data: ModelData, count: number, before: { readonly slotsBefore: number; readonly reason: LimitReason }) {
  if (count === 0) return [];
  const firstCallNo = data.calls + 1;
  const called = lineOf(data).slice(0, count).map((found) => {
    data.calls += 1;
    found.state = 'called';
    found.deadline = data.clock + data.settings.callMs;
    found.slot = { ...NO_SLOT, callNo: data.calls };
    data.through = Math.max(data.through, found.order);
    return { place: found.place, order: found.order, callNo: data.calls };
  });
  data.recent = [...data.recent, ...called].slice(-LIMITS.RECENT_LENGTH_MAX);
  data.batches.push({ clock: data.clock, n: count });
  const { ratePerMinute: rate, capacity } = data.settings;
  if (rate !== null) data.credit = Math.max(0, data.credit - count);
  writeJournal(data, {
    kind: 'call', n: count, rate, capacity, slotsBefore: before.slotsBefore, inWindow: inWindow(data), firstCallNo,
    places: called.map(({ place }) => place), orders: called.map(({ order }) => order),
    lowestLeft: lineOf(data)[0]?.order ?? null, reason: before.reason,
  });
  return called;
}

/** Buckets of calls for the wait band; one in which calls were off or the line ran dry says nothing. */
function countPace(data: ModelData, count: number, isDry: boolean): void {
  const { pace } = data;
  pace.calls += count;
  pace.dry ||= isDry;
  if (data.clock - pace.at < LIMITS.BUCKET_MS) return;
  if (!pace.dry) pace.buckets = [pace.calls, ...pace.buckets].slice(0, LIMITS.BUCKETS_KEPT);
  Object.assign(pace, { at: data.clock, calls: 0, dry: false });
}
