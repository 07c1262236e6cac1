import type { SandboxClock } from './clock.ts';

const WINDOW_MS = 60_000;
/** Counters kept; there are a handful of keys and calls. */
const COUNTERS_MAX = 1_000;

/** Toss' test environment allows about 100 requests a minute for each API. Off unless set. */
export type RateLimit = {
  readonly set: (perMinute: number | null) => void;
  readonly perMinute: () => number | null;
  /** False when this call is one too many. */
  readonly allow: (who: string) => boolean;
};

export function createRateLimit(clock: SandboxClock): RateLimit {
  let limit: number | null = null;
  const counters = new Map<string, { window: number; count: number }>();
  return {
    set: (perMinute) => {
      limit = perMinute;
      counters.clear();
    },
    perMinute: () => limit,
    allow: (who) => {
      if (limit === null) return true;
      const window = Math.floor(clock.now() / WINDOW_MS);
      const counter = counters.get(who);
      if (counter?.window === window) {
        counter.count += 1;
        return counter.count <= limit;
      }
      if (counters.size >= COUNTERS_MAX) counters.clear();
      counters.set(who, { window, count: 1 });
      return limit >= 1;
    },
  };
}
