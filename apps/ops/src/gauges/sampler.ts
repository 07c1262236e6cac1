import type { MonotonicClock } from '@onsale/kernel';

/*
 * One reading for everybody who asks: taken on demand, never twice at once, not more often than `everyMs`, and not for more than a twentieth of
 * the time when it is dear.
 *
 *   asked ── young enough ──► the reading at hand
 *     └── due ──► taking (shared) ── younger than `waitAtMs`? ──► the reading at hand, without waiting
 *                                 └─ older or none ──► the new one; if that fails, the old one up to `expiresMs`, else the failure
 */
export type Reading<Value> = { readonly value: Value; /** Monotonic time at which it was taken. */ readonly takenAtMs: number };
export type SamplerOptions<Value> = {
  readonly take: () => Promise<Value>;
  readonly monotonic: MonotonicClock;
  readonly everyMs: number;
  readonly waitAtMs: number;
  readonly expiresMs: number;
};
export type Sampler<Value> = { read(): Promise<Reading<Value>>; /** The next reader waits for a new one. */ forget(): void };

const PAUSE_PER_COST = 20;

export function createSampler<Value>({ take, monotonic, everyMs, waitAtMs, expiresMs }: SamplerOptions<Value>): Sampler<Value> {
  let latest: Reading<Value> | undefined;
  let taking: Promise<Reading<Value>> | undefined;
  let failure: unknown;
  let dueAtMs = -Infinity;
  let generation = 0;
  let mustWait = false;
  const takeNow = async (): Promise<Reading<Value>> => {
    const takenAtMs = monotonic();
    const mine = generation;
    const settled = (): boolean => {
      if (mine !== generation) return false;
      dueAtMs = takenAtMs + Math.max(everyMs, (monotonic() - takenAtMs) * PAUSE_PER_COST);
      taking = undefined;
      return true;
    };
    try {
      const reading = { value: await take(), takenAtMs };
      if (settled()) {
        latest = reading;
        mustWait = false;
      }
      return reading;
    } catch (error) {
      if (settled()) failure = error;
      throw error;
    }
  };
  return {
    async read() {
      const nowMs = monotonic();
      if (taking === undefined && nowMs >= dueAtMs) taking = takeNow();
      taking?.catch(() => undefined);
      const atHand = latest !== undefined && nowMs - latest.takenAtMs < expiresMs ? latest : undefined;
      const isYoung = atHand !== undefined && !mustWait && nowMs - atHand.takenAtMs < waitAtMs;
      if (isYoung) return atHand;
      try {
        if (taking === undefined) throw failure;
        return await taking;
      } catch (error) {
        if (atHand === undefined) throw error;
        return atHand;
      }
    },
    forget() {
      generation += 1;
      taking = undefined;
      mustWait = true;
      dueAtMs = -Infinity;
    },
  };
}
