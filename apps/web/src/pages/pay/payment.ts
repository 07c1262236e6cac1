import type { OrderReply, PaymentReply } from '@onsale/contract';
import { BOOKING, call, freshKey, type Answer } from '../shared/api.ts';
import { keepOrder, keptOrder } from './kept-orders.ts';

export type Buyer = { readonly name: string; readonly email: string };
export type OpenWindow = { readonly ok: true } | { readonly ok: false; readonly code: string };

/** What the provider's script puts on `window`; its window and ours meet only here. */
type TossPayments = ((clientKey: string) => { payment: (options: { customerKey: string }) => { requestPayment: (request: object) => Promise<unknown> } }) & {
  ANONYMOUS: string;
};

/** The order by its key, or by the device cookie that goes along anyway. */
export type OwnOrder = { readonly id: string; readonly key: string | null };
export const orderHeaders = (key: string | null): Record<string, string> => (key === null ? {} : { 'x-order-key': key });

/**
 * Makes the order of a hold, and keeps its key on this device before anything else can go wrong. A hold has one order: pressed again with another
 * name or address, it corrects the buyer of the one that is there.
 */
export async function makeOrder(show: string, hold: string, buyer: Buyer, idempotencyKey: string): Promise<Answer<OrderReply>> {
  const person = { ...(buyer.name === '' ? {} : { name: buyer.name }), ...(buyer.email === '' ? {} : { email: buyer.email }) };
  const answer = await call<OrderReply>(`${BOOKING}/orders`, {
    method: 'POST',
    headers: { 'idempotency-key': idempotencyKey },
    body: { show, hold, ...(Object.keys(person).length === 0 ? {} : { buyer: person }) },
  });
  if (answer.ok && answer.body.orderKey !== undefined) keepOrder({ id: answer.body.id, key: answer.body.orderKey, show, madeAt: new Date().toISOString() });
  const made = answer.ok || answer.code !== 'key-reused' ? undefined : answer.problem['order'];
  if (typeof made === 'string') {
    const headers = orderHeaders(keptOrder(made)?.key ?? null);
    return call<OrderReply>(`${BOOKING}/orders/${made}/buyer`, { method: 'PUT', headers, body: person });
  }
  return answer;
}

/**
 * Opens an attempt and then the provider's window. When all goes well the browser leaves this page and comes back to the order's; a page that
 * is brought back by Back instead never hears of it, so `onWindow` tells the attempt's number before the window opens.
 */
export async function openPayment(order: OwnOrder, buyer: Buyer | null, onWindow: (n: number) => void): Promise<OpenWindow> {
  const attempt = await call<PaymentReply>(`${BOOKING}/orders/${order.id}/payments`, {
    method: 'POST',
    headers: { ...orderHeaders(order.key), 'idempotency-key': freshKey() },
    body: {},
  });
  if (!attempt.ok) return attempt;
  const { n, scriptUrl, tossClientKey, providerOrderId, orderName, amount, currency } = attempt.body;
  const back = `${location.origin}/orders/${order.id}?n=${n}`;
  onWindow(n);
  try {
    const toss = await loadToss(scriptUrl);
    await toss(tossClientKey)
      .payment({ customerKey: toss.ANONYMOUS })
      .requestPayment({
        method: 'CARD',
        amount: { currency, value: amount },
        orderId: providerOrderId,
        orderName,
        successUrl: back,
        failUrl: `${back}&failed=1`,
        ...(buyer === null || buyer.name === '' ? {} : { customerName: buyer.name }),
        ...(buyer === null || buyer.email === '' ? {} : { customerEmail: buyer.email }),
      });
    return { ok: true };
  } catch (error) {
    await abandonPayment(order, n);
    return { ok: false, code: (error as { code?: unknown }).code === 'USER_CANCEL' ? 'cancelled' : 'script-failed' };
  }
}

/** The fan has closed the window or come back from it: what may still be approved there can no longer be charged. */
export const abandonPayment = (order: OwnOrder, n: number): Promise<Answer<null>> =>
  call<null>(`${BOOKING}/orders/${order.id}/payments/${n}/abandon`, { method: 'POST', headers: orderHeaders(order.key), body: {} });

const SCRIPT_MS = 15_000;

function loadToss(url: string): Promise<TossPayments> {
  const loaded = (): TossPayments | undefined => (window as { TossPayments?: TossPayments }).TossPayments;
  const here = loaded();
  if (here !== undefined) return Promise.resolve(here);
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    const fail = (): void => reject(new Error('the payment script did not load'));
    const timer = setTimeout(fail, SCRIPT_MS);
    script.src = url;
    script.onerror = fail;
    script.onload = () => {
      clearTimeout(timer);
      const toss = loaded();
      if (toss === undefined) fail();
      else resolve(toss);
    };
    document.head.append(script);
  });
}
