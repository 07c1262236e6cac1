import type { SandboxClock } from './clock.ts';

export const KEY_LENGTH_MAX = 300;
export const KEPT_MS = 15 * 86_400_000;
/** Answers kept; the oldest is forgotten past this. (Toss keeps all of 15 days; a stored answer is about 2 KB here.) */
export const ANSWERS_MAX = 20_000;

export type StoredAnswer = { readonly status: number; readonly body: string };

/**
 * Toss' idempotency: a key is scoped by API key, method and address, never by body. The first answer is kept and sent
 * again byte for byte, errors included; a twin of a request under way gets 409.
 */
export type IdempotencyStore = {
  /** `first`: go on, then `finish` or `forget`. `twin`: one is under way. Otherwise the stored answer. */
  readonly start: (scope: string) => 'first' | 'twin' | StoredAnswer;
  readonly finish: (scope: string, answer: StoredAnswer) => void;
  /** The request broke before it had an answer: the next one is the first again. */
  readonly forget: (scope: string) => void;
  readonly size: () => number;
};

export function createIdempotencyStore(clock: SandboxClock, answersMax = ANSWERS_MAX): IdempotencyStore {
  const underWay = new Set<string>();
  const answers = new Map<string, StoredAnswer & { readonly at: number }>();
  return {
    start: (scope) => {
      if (underWay.has(scope)) return 'twin';
      const stored = answers.get(scope);
      if (stored !== undefined && clock.now() - stored.at <= KEPT_MS) return stored;
      underWay.add(scope);
      return 'first';
    },
    finish: (scope, answer) => {
      underWay.delete(scope);
      answers.delete(scope);
      answers.set(scope, { ...answer, at: clock.now() });
      if (answers.size <= answersMax) return;
      for (const oldest of answers.keys()) {
        answers.delete(oldest);
        return;
      }
    },
    forget: (scope) => void underWay.delete(scope),
    size: () => answers.size + underWay.size,
  };
}
