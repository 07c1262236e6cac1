import { SECOND_MS, type Source } from '@onsale/kernel';

/** How much of a second's worth may come in one burst. */
const BURST_SHARE = 0.5;
/** What one source may take of the whole: a carrier's address has thousands of fans behind it, and still leaves room for others. */
const SOURCE_SHARE = 0.8;
/** Sources remembered; past it the one that came longest ago is forgotten, which gives it a new burst. */
const SOURCES_MAX = 20_000;

export type HandshakeLimiter = { take(source: Source, nowMs: number): boolean };

/**
 * After a crash everybody comes back at once: past a rate a handshake is refused (503) before it costs anything. A bucket refilled at
 * `perSecond`, and one of its own for each source; `take` is false when either is empty. Times are monotonic milliseconds.
 */
export function createHandshakeLimiter(perSecond: number): HandshakeLimiter {
  const whole = createBucket(perSecond);
  const bySource = new Map<Source, Bucket>();
  return {
    take(source, nowMs) {
      const own = bySource.get(source) ?? createBucket(perSecond * SOURCE_SHARE);
      bySource.delete(source);
      bySource.set(source, own);
      if (bySource.size > SOURCES_MAX) bySource.delete(bySource.keys().next().value as Source);
      // Its own first: who is refused for their own haste takes nothing from the others.
      return own.take(nowMs) && whole.take(nowMs);
    },
  };
}

type Bucket = { take(nowMs: number): boolean };

function createBucket(perSecond: number): Bucket {
  const burst = Math.max(1, perSecond * BURST_SHARE);
  let left = burst;
  let atMs: number | undefined;
  return {
    take(nowMs) {
      if (atMs === undefined || nowMs > atMs) {
        left = Math.min(burst, left + (atMs === undefined ? 0 : ((nowMs - atMs) * perSecond) / SECOND_MS));
        atMs = nowMs;
      }
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
