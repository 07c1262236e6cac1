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

/** One round of the expirer: gives how many holds ended. Two of them are harmless. */
export async function expireHolds(context: SalesContext, limit = EXPIRE_BATCH): Promise<number> {
  const due = await findExpired(context.database.reads, limit);
  const answers = await Promise.all(due.map((command) => (command.kind === 'expire' ? expireHold(context, command) : context.engine.submit(command))));
  return answers.filter((answer) => answer.ok && !answer.value.again).length;
}
