import { findExpired, moveOrder, type CommandAnswer, type SeatCommand } from '@onsale/booking';
import { abandonPrepared } from '@onsale/payments';
import type { SalesContext } from './context.ts';

/** Holds ended at once; the engine gathers them into batches. */
export const EXPIRE_BATCH = 200;

/** Ends a hold whose time is over: seats free, its order expired, its open window abandoned, in one transaction. */
export function expireHold(context: SalesContext, command: Extract<SeatCommand, { readonly kind: 'expire' }>): Promise<CommandAnswer> {
  return context.engine.submit(command, async (tx, { hold }) => {
    if (hold === null || hold.order === null) return;
    await moveOrder(tx, hold.order, 'expired');
    await abandonPrepared(tx, hold.order);
  });
}

/** Batches of one round. */
const BATCHES_MAX = 20;

/**
 * One round of the expirer: gives how many holds ended. Two of them are harmless. A hold that cannot be ended now (its rows are locked, the
 * engine is busy) is passed over: the next round finds it again, and those behind it do not wait for it.
 */
export async function expireHolds(context: SalesContext, limit = EXPIRE_BATCH, signal?: AbortSignal): Promise<number> {
  let [ended, passedOver] = [0, 0];
  for (let batch = 0; batch < BATCHES_MAX && signal?.aborted !== true; batch += 1) {
    const due = await findExpired(context.database.reads, limit, passedOver);
    const answers = await Promise.all(due.map((command) => expireHold(context, command)));
    ended += answers.filter((answer) => answer.ok && !answer.value.again).length;
    passedOver += answers.filter((answer) => !answer.ok).length;
    if (due.length < limit) break;
  }
  return ended;
}
