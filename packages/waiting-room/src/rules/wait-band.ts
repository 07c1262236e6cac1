import { LIMITS } from './limits.ts';
import type { LimitReason, Phase } from './words.ts';

/** What a frame says about the pace: enough for the wait band of any position. */
export type PaceReading = {
  readonly phase: Phase;
  readonly reason: LimitReason;
  readonly ratePerMinute: number | null;
  /** Length of one bucket, ms of the room clock. */
  readonly bucketMs: number;
  /** Calls in each past bucket in which somebody was waiting throughout, newest first. */
  readonly buckets: readonly number[];
};
/** The wait is expected between the two in 8 of 10 cases. Milliseconds. */
export type WaitBand = { readonly p10Ms: number; readonly p90Ms: number };

/** Fewer observed buckets than this say nothing. */
export const BUCKETS_NEEDED = 3;
/** Beyond this a band is a number nobody can use. */
export const WAIT_MS_MAX = 24 * 3_600_000;
/** Buckets are not independent (an operator turns a knob, the crowd wakes up): the band never gets narrower than this. */
const DRIFT_SHARE = 0.1;
const SPREAD_LOW = 0.1;
const SPREAD_HIGH = 0.9;
const STANDING: ReadonlySet<LimitReason> = new Set<LimitReason>(['paused', 'closed', 'scheduled', 'recovering', 'returning', 'readopted', 'rate-lowered']);

/**
 * How long until a fan with `ahead` present fans before them is called; null when that is not known: paused, closed, no
 * calls yet, or the calls stand still. Assumes that the next minutes resemble the last ones, at most as fast as the rate.
 */
export function waitBand(pace: PaceReading, ahead: number): WaitBand | null {
  if (pace.phase !== 'open' || STANDING.has(pace.reason)) return null;
  // Only the recent past: what an operator changed an hour ago says nothing about now.
  const buckets = pace.buckets.slice(0, LIMITS.BUCKETS_KEPT);
  if (buckets.length < BUCKETS_NEEDED) return null;
  const mean = buckets.reduce((sum, calls) => sum + calls, 0) / buckets.length;
  if (mean <= 0) return null;
  const sorted = buckets.toSorted((one, other) => one - other);
  const calls = ahead + 1;
  // Over a wait of many buckets fast and slow ones even out: the spread of their mean shrinks with the root of their number.
  // The mean itself is known from the observed ones only, with a spread of its own.
  const spread = Math.min(1, Math.sqrt(1 / Math.max(1, calls / mean) + 1 / buckets.length));
  const low = mean - Math.max((mean - quantile(sorted, SPREAD_LOW)) * spread, mean * DRIFT_SHARE);
  const high = mean + Math.max((quantile(sorted, SPREAD_HIGH) - mean) * spread, mean * DRIFT_SHARE);
  const fastest = pace.ratePerMinute === null ? high : Math.min(high, Math.max((pace.ratePerMinute * pace.bucketMs) / LIMITS.WINDOW_MS, low));
  if (low <= 0) return null;
  const p10Ms = Math.round((calls / fastest) * pace.bucketMs);
  const p90Ms = Math.round((calls / low) * pace.bucketMs);
  return p90Ms > WAIT_MS_MAX ? null : { p10Ms, p90Ms };
}

function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}
