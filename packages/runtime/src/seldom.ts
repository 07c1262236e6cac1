import { SECOND_MS, type MonotonicClock } from '@onsale/kernel';

/** The same trouble is told once in this time: a store that is away is asked many times a second. */
const QUIET_MS = 5 * SECOND_MS;

/** Tells at most once in QUIET_MS, or once for each `keyOf`, of which there must be few. */
export function seldom<Args extends readonly unknown[]>(
  monotonic: MonotonicClock, tell: (...args: Args) => void, keyOf: (...args: Args) => string = () => '',
): (...args: Args) => void {
  const quietUntilMs = new Map<string, number>();
  return (...args) => {
    const [key, nowMs] = [keyOf(...args), monotonic()];
    if (nowMs < (quietUntilMs.get(key) ?? 0)) return;
    quietUntilMs.set(key, nowMs + QUIET_MS);
    tell(...args);
  };
}
