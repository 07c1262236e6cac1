import { readOrder, type OrderState } from '@onsale/booking';
import { invariant, ok, refuse, type Result } from '@onsale/kernel';
import { readAttempt } from '@onsale/payments';
import { confirmPayment } from './confirm-payment.ts';
import type { SalesContext, SalesRefusal } from './context.ts';

/** What the provider's redirect carried; `amount` is only compared (B6). */
export type PaymentReturn = { readonly providerOrderId: string; readonly paymentKey: string; readonly amount: number };

/**
 * The buyer came back from the payment window in a browser that does not own the order: a card app opens the default browser, not the one it was
 * called from. The proof of the payment is enough to confirm it, and for nothing else.
 *
 *   provider order id ──our MAC?──► order, attempt ──the key it was confirmed with, if any──► confirmPayment ──► the order's state
 *        └── no: no query              └── none                 └── another key: as if there were none
 *
 * Guarantees: an id that we did not make costs no query; only the state is told; whoever knows the id alone learns nothing of a payment made.
 */
export async function confirmReturn(context: SalesContext, back: PaymentReturn): Promise<Result<OrderState, SalesRefusal>> {
  const { providerOrderId, paymentKey, amount } = back;
  const named = context.orderIds.verify(providerOrderId);
  if (!named.ok) return refuse({ kind: 'no-attempt' });
  const { money } = context.database;
  const [order, attempt] = await Promise.all([readOrder(money, named.value.order), readAttempt(money, named.value)]);
  if (order === undefined || attempt === undefined) return refuse({ kind: 'no-attempt' });
  if (attempt.paymentKey !== null && attempt.paymentKey !== paymentKey) return refuse({ kind: 'no-attempt' });
  const confirmed = await confirmPayment(context, { order, n: named.value.n, paymentKey, providerOrderId, amount });
  if (!confirmed.ok) return confirmed;
  const now = await readOrder(money, order.id);
  invariant(now !== undefined, 'an order vanished while it was confirmed');
  return ok(now.state);
}
