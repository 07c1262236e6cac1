import { MINUTE_MS } from './clock.ts';

/**
 * Bounds how many failed checks one source may cause. A bucket of `burst` failures refills at `perMinute`; a source without failures
 * is not remembered at all. Carriers and PC cafés share one address, so the default is generous and an exhausted source waits a moment,
 * it is never blocked for good. At most `sourcesMax` sources are remembered; beyond it the one untouched longest is forgotten.
 */
export type FailureLimiter = {
  /** Milliseconds until the source may try again; 0: now. */
  waitOf(source: string, nowMs: number): number;
  /** Notes a failed check. */
  fail(source: string, nowMs: number): void;
  readonly size: number;
};

export type FailureLimits = { readonly burst: number; readonly perMinute: number; readonly sourcesMax: number };
export const FAILURE_LIMITS: FailureLimits = { burst: 50, perMinute: 120, sourcesMax: 20_000 };

type Bucket = { left: number; atMs: number };

export function createFailureLimiter({ burst, perMinute, sourcesMax }: FailureLimits = FAILURE_LIMITS): FailureLimiter {
  const buckets = new Map<string, Bucket>();
  const perMs = perMinute / MINUTE_MS;
  const leftAt = (bucket: Bucket, nowMs: number): number => Math.min(burst, bucket.left + Math.max(0, nowMs - bucket.atMs) * perMs);
  return {
    waitOf(source, nowMs) {
      const bucket = buckets.get(source);
      if (bucket === undefined) return 0;
      const left = leftAt(bucket, nowMs);
      if (left >= burst) buckets.delete(source);
      return left >= 1 ? 0 : Math.ceil((1 - left) / perMs);
    },
    fail(source, nowMs) {
      const bucket = buckets.get(source);
      const left = bucket === undefined ? burst : leftAt(bucket, nowMs);
      buckets.delete(source);
      if (buckets.size >= sourcesMax) buckets.delete(buckets.keys().next().value as string);
      buckets.set(source, { left: Math.max(0, left - 1), atMs: nowMs });
    },
    get size() {
      return buckets.size;
    },
  };
}
