import { claimLooks, CONFIRM_LEASE_MS, outOfPatience, type DueAttempt } from '@onsale/payments';
import { carryOut, lookUp } from './ask-provider.ts';
import type { SalesContext } from './context.ts';
import { releasePayment } from './release-payment.ts';
import type { Standing } from './standing.ts';

export const RESOLVE_BATCH = 16;

/**
 * The resolver's round: every attempt whose answer is out and whose look is due is looked up by its order id, asked again if
 * that is what is missing, and carried to its end. It completes what a crash interrupted between the provider's answer and
 * our transaction. Claims are leased: whoever dies with one loses it. Gives how many were looked at.
 */
export async function resolveUnknown(context: SalesContext, limit = RESOLVE_BATCH): Promise<number> {
  const due = await claimLooks(context.database.money, { limit, leaseMs: CONFIRM_LEASE_MS });
  await Promise.all(
    due.map(async (attempt) => {
      try {
        await resolve(context, attempt);
      } catch (error) {
        // One that cannot be carried out must not stop the others; its lease brings it back.
        context.onFault?.('resolve-unknown', error);
      }
    }),
  );
  return due.length;
}

async function resolve(context: SalesContext, attempt: DueAttempt): Promise<Standing> {
  const verdict = await lookUp(context, attempt);
  if (verdict.kind !== 'unknown' || attempt.state !== 'confirming') return carryOut(context, attempt, verdict);
  const unreachableForMs = verdict.reachable ? 0 : attempt.unreachableForMs;
  return outOfPatience({ confirmingForMs: attempt.confirmingForMs, unreachableForMs }) ? releasePayment(context, attempt) : carryOut(context, attempt, verdict);
}
