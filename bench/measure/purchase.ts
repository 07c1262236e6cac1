import { BOOKING_PREFIX, ORDER_KEY_HEADER, type HoldReply, type OrderReply, type PaymentReply } from '@onsale/contract';

/** A paid journey over HTTP in two halves: up to the buyer's approval in the sandbox's window, and the confirm. */
export type Step = 'hold' | 'order' | 'payment' | 'window' | 'confirm';
/** Asks and gives the body of a success; throws StepFailed for anything else. */
export type Ask = (step: Step, client: 'booking' | 'sandbox', path: string, headers: Record<string, string>, body: object) => Promise<unknown>;
export type Purchase = { readonly show: string; readonly seats: readonly number[]; readonly headers: Record<string, string> };
export type Approved = {
  readonly path: string;
  readonly owner: Record<string, string>;
  readonly body: { readonly paymentKey: string; readonly orderId: string; readonly amount: number };
  readonly seats: number;
};
export class StepFailed extends Error {}

export async function approve(ask: Ask, { show, seats, headers }: Purchase): Promise<Approved> {
  const keyed = (key: string): Record<string, string> => ({ ...headers, 'idempotency-key': key });
  const hold = (await ask('hold', 'booking', `${BOOKING_PREFIX}/shows/${show}/holds`, keyed('bench-hold'), { seats })) as HoldReply;
  const order = (await ask('order', 'booking', `${BOOKING_PREFIX}/orders`, keyed('bench-order'), { show, hold: hold.id })) as OrderReply;
  const owner = { [ORDER_KEY_HEADER]: order.orderKey ?? '' };
  const paying = `${BOOKING_PREFIX}/orders/${order.id}/payments`;
  const payment = (await ask('payment', 'booking', paying, { ...owner, 'idempotency-key': 'bench-payment' }, {})) as PaymentReply;
  const { tossClientKey, providerOrderId: orderId, amount } = payment;
  const { paymentKey } = (await ask('window', 'sandbox', '/control/payments', {}, { tossClientKey, orderId, amount, outcome: 'approve' })) as {
    paymentKey: string;
  };
  return { path: `${paying}/${payment.n}/confirm`, owner, body: { paymentKey, orderId, amount }, seats: seats.length };
}

/** Throws unless the order is paid and has its tickets. */
export async function confirm(ask: Ask, { path, owner, body, seats }: Approved): Promise<void> {
  const paid = (await ask('confirm', 'booking', path, owner, body)) as OrderReply;
  if (paid.state !== 'paid' || paid.tickets.length !== seats) throw new StepFailed(`confirm left the order ${paid.state} with ${paid.tickets.length} tickets`);
}
