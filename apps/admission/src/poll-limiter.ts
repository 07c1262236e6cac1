import { createHash } from 'node:crypto';

/**
 * Who asks earlier than it was told, more often than a few tabs and reloads would, is asked to wait (429). Counted by fan, never by address.
 *
 *   in time ──► a round begins, for as long as the answer says ── `burst` more questions ──► 429 until the round is over
 *
 * Each tab of a fan asks once a round. An answer to an early question does not prolong the round, or six tabs would keep it from ever ending.
 *
 * A direct-mapped table of fixed size: a place that falls into the slot of another takes it over, and the other is merely forgotten,
 * which can only let somebody ask early once more. So memory and time are constant whatever the crowd. Times are monotonic milliseconds.
 */
export type PollLimiter = {
  /** Milliseconds the asker has to wait; 0: go ahead. Counts the question. */
  waitOf(key: number, nowMs: number): number;
  /** Notes what the answer promised: no need to ask again for `pollAfterMs`. */
  answered(key: number, nowMs: number, pollAfterMs: number): void;
};

/** A question this much before its time still counts as in time: clocks and networks jitter. */
export const EARLY_LEEWAY_MS = 200;
/** 2^18 slots of 17 bytes: 4.5 MB a process. */
const SLOTS = 2 ** 18;
/** Counted no further than a byte goes. */
const COUNTED_MAX = 255;

/** `burst`: how often in a round a fan may ask early (other tabs, reloads, the frame saying that it is close); from 256 on without a bound. */
export function createPollLimiter(burst: number, slots: number = SLOTS): PollLimiter {
  const keys = new Float64Array(slots);
  const notBefore = new Float64Array(slots);
  const early = new Uint8Array(slots);
  return {
    waitOf(key, nowMs) {
      const slot = key % slots;
      if (keys[slot] !== key) return 0;
      const waitMs = (notBefore[slot] as number) - nowMs;
      if (waitMs <= EARLY_LEEWAY_MS) {
        early[slot] = 0;
        return 0;
      }
      if ((early[slot] as number) >= burst) return Math.ceil(waitMs);
      early[slot] = Math.min(COUNTED_MAX, (early[slot] as number) + 1);
      return 0;
    },
    answered(key, nowMs, pollAfterMs) {
      const slot = key % slots;
      if (keys[slot] !== key) {
        keys[slot] = key;
        early[slot] = 0;
        notBefore[slot] = 0;
      }
      const untilMs = nowMs + pollAfterMs;
      const isEarly = (notBefore[slot] as number) - nowMs > EARLY_LEEWAY_MS;
      notBefore[slot] = isEarly ? Math.min(notBefore[slot] as number, untilMs) : untilMs;
    },
  };
}

const KEYS = 2 ** 48;
/** The limiter of one room, on a table that all rooms of the process share: a fan in two rooms has two keys. */
export function limiterOfRoom(shared: PollLimiter, room: string): PollLimiter {
  const shift = createHash('sha256').update(room).digest().readUIntBE(0, 6);
  const keyIn = (key: number): number => (key + shift) % KEYS;
  return {
    waitOf: (key, nowMs) => shared.waitOf(keyIn(key), nowMs),
    answered: (key, nowMs, pollAfterMs) => shared.answered(keyIn(key), nowMs, pollAfterMs),
  };
}

/** 48 bits of an identity as a key; two fans who share them share a limit, once in 2^48. */
export const pollKeyOf = (identity: Buffer): number => identity.readUIntBE(0, 6);
