import { createProofChecks, SECOND_MS, type Checked, type MonotonicClock, type ProofCheckBounds, type Sleep } from '@onsale/kernel';
import { PACES, pauseLeftMs, withFailure, type Tries } from './rules/sign-in-pace.ts';

/** Whose password is tried, and from where. The name is canonical (see operatorName): one operator has one count, however the name is typed. */
export type Tried = { readonly name: string; readonly source: string };

/**
 * Passwords are checked first and counted afterwards: a right one passes whoever has guessed beside it, and only a wrong one counts. A hash costs
 * 128 MB, so two are computed at once; past an allowance one at a time and at most one a second, whatever the number of guessers. Sources take turns,
 * and in each the names that are tried from it.
 */
export type SignInThrottle = {
  check<Answer>(tried: Tried, work: () => Promise<Answer>, isWrong: (answer: Answer) => boolean): Promise<Checked<Answer>>;
  succeeded(tried: Tried): void;
};

const CHECKS: ProofCheckBounds = { atOnce: 2, waitingMax: 16, waitMaxMs: 8 * SECOND_MS, suspectsWaitingMax: 4, suspectPauseMs: SECOND_MS };

export function createSignInThrottle(clock: MonotonicClock, sleep: Sleep): SignInThrottle {
  const failures = createSignInFailures();
  // Whoever tries many names from one source still has one turn.
  const checks = createProofChecks({ ...CHECKS, failures, clock, sleep, sourceOf: (tried) => (JSON.parse(tried) as Tried).source });
  return {
    check: (tried, work, isWrong) => checks.check(textOf(tried), work, isWrong),
    succeeded: (tried) => failures.succeeded(textOf(tried)),
  };
}

/** Kept in the memory of one process, at most this many counts of each kind; past it the oldest is forgotten. */
const COUNTS_MAX = 10_000;

export type SignInFailures = {
  waitOf(tried: string, nowMs: number): number;
  fail(tried: string, nowMs: number): void;
  succeeded(tried: string): void;
};

/**
 * Three counts: of a name from one source, of a source, of a name. The last slows only sources that have failed themselves, so that nobody can
 * lock an operator out of a good one by failing in their name elsewhere.
 */
export function createSignInFailures(): SignInFailures {
  const counts = { nameAndSource: new Map<string, Tries>(), source: new Map<string, Tries>(), name: new Map<string, Tries>() };
  type Kind = keyof typeof counts;
  const keysOf = (tried: string): Record<Kind, string> => {
    const { name, source } = JSON.parse(tried) as Tried;
    return { nameAndSource: tried, source, name };
  };
  const kindsOf = (keys: Record<Kind, string>): [Kind, string][] => Object.entries(keys) as [Kind, string][];
  const put = (kind: Kind, key: string, tries: Tries): void => {
    const map = counts[kind];
    map.delete(key);
    map.set(key, tries);
    const oldest = map.size > COUNTS_MAX ? map.keys().next().value : undefined;
    if (oldest !== undefined) map.delete(oldest);
  };
  return {
    waitOf(tried, nowMs) {
      const keys = keysOf(tried);
      if (!counts.source.has(keys.source)) return 0;
      return Math.max(...kindsOf(keys).map(([kind, key]) => pauseLeftMs(counts[kind].get(key), PACES[kind], nowMs)));
    },
    fail(tried, nowMs) {
      for (const [kind, key] of kindsOf(keysOf(tried))) put(kind, key, withFailure(counts[kind].get(key), nowMs));
    },
    /** What a known password cannot do is pay for guesses at others: only the count of this name from this source is forgotten. */
    succeeded: (tried) => void counts.nameAndSource.delete(tried),
  };
}

const textOf = ({ name, source }: Tried): string => JSON.stringify({ name, source });
