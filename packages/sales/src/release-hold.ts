import { moveOrder, type CommandAnswer, type HoldView } from '@onsale/booking';
import { abandonPrepared } from '@onsale/payments';
import type { SalesContext } from './context.ts';

/**
 * The fan gives a hold back, or leaves: seats free and, if an order was made of it, the order cancelled and its open window abandoned, in one
 * transaction; an order whose seats are gone must not stay payable in the eyes of its owner. Refused while a payment is being confirmed.
 */
export function releaseHold(context: Pick<SalesContext, 'engine'>, { show, id, person }: Pick<HoldView, 'show' | 'id' | 'person'>): Promise<CommandAnswer> {
  return context.engine.submit({ kind: 'release', show, hold: id, person }, async (tx, { hold }) => {
    if (hold === null || hold.order === null) return;
    await moveOrder(tx, hold.order, 'cancelled');
    await abandonPrepared(tx, hold.order);
  });
}
