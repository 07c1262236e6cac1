import { moveOrder } from '@onsale/booking';
import { moveAttempt, releasedLookDelayMs, type Attempt } from '@onsale/payments';
import { isPassing, refuseAlongside } from './command-refusal.ts';
import type { SalesContext } from './context.ts';
import { readStanding, type Standing } from './standing.ts';

/**
 * The provider has been silent for so long that the seats go back on sale. The attempt keeps being looked at: a success that
 * turns up later takes the same seats again, or is refunded.
 */
export async function releasePayment(context: SalesContext, attempt: Attempt): Promise<Standing> {
  const { show, hold, id, order } = attempt;
  const answer = await context.engine.submit({ kind: 'release', show, hold, attempt: id }, async (tx) => {
    await moveOrder(tx, order, 'expired', { refusal: { code: 'PROVIDER_UNREACHABLE', message: '' } });
    const moved = await moveAttempt(tx, attempt, 'release', { nextLookMs: releasedLookDelayMs(0) });
    if (!moved) throw refuseAlongside({ kind: 'attempt-over', state: attempt.state });
  });
  if (answer.ok && !answer.value.again) return { kind: 'released' };
  if (!answer.ok && isPassing(answer.refusal)) return { kind: 'pending' };
  return readStanding(context, attempt);
}
