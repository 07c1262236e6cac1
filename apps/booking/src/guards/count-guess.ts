import { ProblemError } from '@onsale/contract';
import type { FastifyRequest } from 'fastify';
import type { BookingContext } from '../context.ts';

/**
 * Before a query that anybody may cause without proof of anything: an order key that only the database can tell from a guess, a show that
 * this process has not open. Counted by source like failed tokens; throws `rate-limited` when the source has had its share.
 */
export function countGuess({ guesses, nowMs }: Pick<BookingContext, 'guesses' | 'nowMs'>, request: Pick<FastifyRequest, 'source'>): void {
  const { source } = request;
  const waitMs = guesses.waitOf(source, nowMs());
  if (waitMs > 0) throw new ProblemError('rate-limited', { retryAfterMs: waitMs });
  guesses.fail(source, nowMs());
}
