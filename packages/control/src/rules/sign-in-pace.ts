import { MINUTE_MS, SECOND_MS } from '@onsale/kernel';

/**
 * How long whoever has failed is a suspect (see sign-in-throttle.ts). Three counts are kept: of a name from one source, of a source, of a name. The
 * last pauses only a little: it counts what others have done.
 */
export type Tries = { readonly failures: number; readonly lastMs: number };
export type Pace = { readonly freeTries: number; readonly pauseMaxMs: number };

export const PACES = {
  nameAndSource: { freeTries: 5, pauseMaxMs: 5 * MINUTE_MS },
  source: { freeTries: 20, pauseMaxMs: 5 * MINUTE_MS },
  name: { freeTries: 50, pauseMaxMs: 5 * SECOND_MS },
} as const satisfies Readonly<Record<string, Pace>>;

const FORGET_MS = 15 * MINUTE_MS;
const PAUSE_FIRST_MS = SECOND_MS;

/** Milliseconds until the next try is allowed; 0: now. Pauses double with each failure past the free ones. */
export function pauseLeftMs(tries: Tries | undefined, pace: Pace, nowMs: number): number {
  if (tries === undefined || nowMs - tries.lastMs >= FORGET_MS || tries.failures < pace.freeTries) return 0;
  const pauseMs = Math.min(pace.pauseMaxMs, PAUSE_FIRST_MS * 2 ** Math.min(tries.failures - pace.freeTries, 30));
  return Math.max(0, tries.lastMs + pauseMs - nowMs);
}

export const withFailure = (tries: Tries | undefined, nowMs: number): Tries => ({
  failures: tries === undefined || nowMs - tries.lastMs >= FORGET_MS ? 1 : tries.failures + 1,
  lastMs: nowMs,
});
