/** Wall time, milliseconds since the Unix epoch. Handed in, never read by rules. */
export type WallClock = () => number;
/** Monotonic time, milliseconds since an arbitrary start; never steps back. */
export type MonotonicClock = () => number;

/** Waits `ms` milliseconds, or less when `signal` aborts; resolves either way. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
