import { moveOrder, type TicketOrder } from '@onsale/booking';
import { ok, refuse, type Result } from '@onsale/kernel';
import { abandonPrepared } from '@onsale/payments';
import { refuseAlongside, salesRefusal } from './command-refusal.ts';
import type { SalesContext, SalesRefusal } from './context.ts';

/** The buyer gives the order up before paying: the seats go back at once. Refused while a payment is being confirmed. Again: nothing. */
export async function cancelUnpaidOrder(context: SalesContext, order: TicketOrder): Promise<Result<null, SalesRefusal>> {
  if (order.state === 'cancelled') return ok(null);
  const { show, hold, person, id } = order;
  const answer = await context.engine.submit({ kind: 'release', show, hold, person }, async (tx) => {
    if (!(await moveOrder(tx, id, 'cancelled'))) throw refuseAlongside({ kind: 'order-state', state: order.state });
    await abandonPrepared(tx, id);
  });
  if (answer.ok) return ok(null);
  return refuse(answer.refusal.kind === 'hold-state' ? { kind: 'order-state', state: order.state } : salesRefusal(answer.refusal));
}
