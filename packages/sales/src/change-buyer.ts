import { readOrder, setBuyer, type Buyer, type TicketOrder } from '@onsale/booking';
import { ok, refuse, type Result } from '@onsale/kernel';
import type { SalesContext, SalesRefusal } from './context.ts';

/** Until the order is paid its buyer may be corrected, and the latest word counts; refused from then on. Again: the same. */
export async function changeBuyer(context: Pick<SalesContext, 'database'>, order: TicketOrder, buyer: Buyer): Promise<Result<TicketOrder, SalesRefusal>> {
  const changed = await setBuyer(context.database.money, order.id, buyer);
  const now = await readOrder(context.database.money, order.id);
  if (now === undefined) return refuse({ kind: 'no-order' });
  return changed ? ok(now) : refuse({ kind: 'order-state', state: now.state });
}
