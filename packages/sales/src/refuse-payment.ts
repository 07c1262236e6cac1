import { moveOrder } from '@onsale/booking';
import { inTransaction } from '@onsale/database';
import { moveAttempt, stopLooking, type Attempt, type Verdict } from '@onsale/payments';
import { isPassing, refuseAlongside } from './command-refusal.ts';
import type { SalesContext } from './context.ts';
import { readStanding, type Standing } from './standing.ts';

const MESSAGE_MAX = 510;

/**
 * A definite refusal: nothing was captured. The hold goes back to live with at least two minutes, so that the buyer can
 * try another card. After a release there is nothing to give back; the attempt just ends.
 */
export async function refusePayment(context: SalesContext, attempt: Attempt, refusal: Extract<Verdict, { readonly kind: 'refused' }>): Promise<Standing> {
  const { code } = refusal;
  if (attempt.state === 'refused' || attempt.state === 'abandoned') {
    await stopLooking(context.database.money, attempt);
    return readStanding(context, attempt);
  }
  if (attempt.state === 'confirming') {
    const { show, hold, id, order } = attempt;
    const answer = await context.engine.submit({ kind: 'resume', show, hold, attempt: id }, async (tx) => {
      await moveOrder(tx, order, 'paying', { refusal: { code, message: refusal.message.slice(0, MESSAGE_MAX) } });
      if (!(await moveAttempt(tx, attempt, 'refuse', { code }))) throw refuseAlongside({ kind: 'attempt-over', state: attempt.state });
    });
    if (answer.ok && !answer.value.again) return { kind: 'refused', code };
    if (!answer.ok && isPassing(answer.refusal)) return { kind: 'pending' };
    const standing = await readStanding(context, attempt);
    if (standing.kind !== 'pending') return standing;
  }
  // The hold is over, or was given back long ago: only the attempt is left to end.
  await inTransaction(context.database.money, { isolation: 'read committed' }, (tx) => moveAttempt(tx, attempt, 'refuse', { code }));
  return readStanding(context, attempt);
}
