import { ProblemError } from '@onsale/contract';
import { createFailureLimiter, createProofChecks, type FailureLimits, type MonotonicClock, type ProofCheckBounds, type Sleep } from '@onsale/kernel';
import type { FastifyRequest } from 'fastify';

/**
 * Queries that anybody may cause without proof of anything: an order key that only the database can tell from a guess, whose an order is, a show
 * that this process has not open. The query comes first and what it finds is given to whoever asked; only what was a guess counts, by source.
 * What guesses may cost the database is bounded for all together (see ProofChecks).
 */
export type Guesses = {
  /** Throws `rate-limited` when it was a guess and its source has had its share, `overloaded` when too many wait. */
  ask<Found>(request: Pick<FastifyRequest, 'source'>, query: () => Promise<Found>, isGuess: (found: Found) => boolean): Promise<Found>;
};

/** Of the connections for reads, the fewest that leave the others alone; a suspect asks at most fifty times a second. */
const CHECKS: ProofCheckBounds = { atOnce: 2, waitingMax: 500, waitMaxMs: 1_000, suspectsWaitingMax: 20, suspectPauseMs: 20 };
const BUSY_RETRY_MS = 1_000;

export function createGuesses(clock: MonotonicClock, sleep: Sleep, limits?: FailureLimits): Guesses {
  const checks = createProofChecks({ ...CHECKS, failures: createFailureLimiter(limits), clock, sleep });
  return {
    async ask({ source }, query, isGuess) {
      const checked = await checks.check(source, query, isGuess);
      if (checked.waitMs > 0) throw new ProblemError('rate-limited', { retryAfterMs: checked.waitMs });
      if (checked.kind === 'busy') throw new ProblemError('overloaded', { retryAfterMs: BUSY_RETRY_MS });
      return checked.answer;
    },
  };
}
