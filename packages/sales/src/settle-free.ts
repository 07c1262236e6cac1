import { issueTickets, moveOrder, readOrder, type TicketOrder } from '@onsale/booking';
import { invariant, ok, refuse, type Result } from '@onsale/kernel';
import { refuseAlongside, salesRefusal } from './command-refusal.ts';
import type { SalesContext, SalesRefusal } from './context.ts';
import { finishingEntry, writeFinish } from './finish-entry.ts';

/** An order that costs nothing: seats sold, tickets issued, order paid, slot freed, without the provider. Idempotent. */
export async function settleFree(context: SalesContext, order: TicketOrder): Promise<Result<TicketOrder, SalesRefusal>> {
  invariant(order.amount === 0, 'an order that costs something must be paid');
  const entry = await finishingEntry(context, order);
  const { show, hold, id } = order;
  const answer = await context.engine.submit({ kind: 'settle', show, hold, attempt: context.orderIds.attemptId(id, 'free'), from: 'live' }, async (tx) => {
    if (!(await moveOrder(tx, id, 'paid'))) throw refuseAlongside({ kind: 'order-state', state: order.state });
    await issueTickets(tx, id, () => context.newId());
    await writeFinish(context, tx, entry);
  });
  if (!answer.ok) return refuse(salesRefusal(answer.refusal));
  const paid = await readOrder(context.database.money, id);
  invariant(paid !== undefined, 'a settled order is not there');
  return ok(paid);
}
