import { SECOND_MS } from '@onsale/kernel';

/** After a crash everybody comes back at once: past this rate a handshake is refused (503) before it costs anything. */
export const HANDSHAKES_PER_SECOND = 2_000;
/** How much of a second's worth may come in one burst. */
const BURST_SHARE = 0.5;

/** A bucket refilled at `perSecond`; `take` is false when it is empty. Times are monotonic milliseconds. */
export function createHandshakeLimiter(perSecond: number = HANDSHAKES_PER_SECOND): { take(nowMs: number): boolean } {
  const burst = Math.max(1, perSecond * BURST_SHARE);
  let left = burst;
  let atMs = -Infinity;
  return {
    take(nowMs) {
      if (nowMs > atMs) {
        left = Math.min(burst, left + (atMs === -Infinity ? burst : ((nowMs - atMs) * perSecond) / SECOND_MS));
        atMs = nowMs;
      }
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
