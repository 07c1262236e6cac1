import type { MonotonicClock } from '@onsale/kernel';
import { PACES, pauseLeftMs, withFailure, type Tries } from './rules/sign-in-pace.ts';

/** Kept in the memory of one process, at most this many counts of each kind; past it the oldest is forgotten. */
const COUNTS_MAX = 10_000;

export type SignInThrottle = {
  /** Counts a try; gives the milliseconds to wait when it is not allowed (then it does not count). */
  begin(name: string, source: string): number;
  /** The try that `begin` counted has succeeded. */
  succeeded(name: string, source: string): void;
};

export function createSignInThrottle(clock: MonotonicClock): SignInThrottle {
  const counts = { nameAndSource: new Map<string, Tries>(), source: new Map<string, Tries>(), name: new Map<string, Tries>() };
  type Kind = keyof typeof counts;
  const keysOf = (name: string, source: string): [Kind, string][] => [['nameAndSource', JSON.stringify([name, source])], ['source', source], ['name', name]];
  const put = (kind: Kind, key: string, tries: Tries): void => {
    const map = counts[kind];
    map.delete(key);
    map.set(key, tries);
    const oldest = map.size > COUNTS_MAX ? map.keys().next().value : undefined;
    if (oldest !== undefined) map.delete(oldest);
  };
  return {
    begin(name, source) {
      const nowMs = clock();
      const keys = keysOf(name, source);
      const waitMs = Math.max(...keys.map(([kind, key]) => pauseLeftMs(counts[kind].get(key), PACES[kind], nowMs)));
      if (waitMs === 0) for (const [kind, key] of keys) put(kind, key, withFailure(counts[kind].get(key), nowMs));
      return waitMs;
    },
    succeeded(name, source) {
      for (const [kind, key] of keysOf(name, source)) {
        // Of a source and a name only this try is taken back: one known password must not pay for guesses at others.
        const tries = counts[kind].get(key);
        if (kind === 'nameAndSource' || tries === undefined || tries.failures <= 1) counts[kind].delete(key);
        else counts[kind].set(key, { ...tries, failures: tries.failures - 1 });
      }
    },
  };
}
