import type { OrderReply } from '@onsale/contract';

/**
 * The page of one order. What is owed and owned is the server's word; the page only knows besides what its own payment window
 * has just said.
 *
 *   not this device's → not-here
 *   returned with a payment key → confirming ──answer──► the order's state
 *                                     └── not this device's → elsewhere: how the payment stands, and where the tickets are
 *   open, paying → pay (a refused card, a closed window: pay again while the seats are held)
 *   confirming → checking, asked again until the bank has answered
 *   paid → tickets        expired, cancelled, refunding, refunded, awaiting-deposit → told
 */
export type Said = 'cancelled' | 'refused' | 'script-failed' | 'other-window' | 'replaced' | null;
export type Elsewhere = 'paid' | 'checking' | 'refused' | 'refunding';
export type OrderState = {
  readonly order: (OrderReply & { readonly at: number }) | null;
  /** How the payment stands that came back to a browser which does not own the order. */
  readonly elsewhere: Elsewhere | null;
  readonly confirming: boolean;
  readonly busy: 'pay' | 'cancel' | null;
  readonly said: Said;
  /** The provider's own words on a refusal. */
  readonly reason: string | null;
  readonly problem: string | null;
};
export type Scene =
  | 'loading' | 'not-here' | 'elsewhere' | 'confirming' | 'pay' | 'checking' | 'tickets' | 'expired' | 'cancelled' | 'refunding' | 'refunded' | 'deposit';

export const startOrder = (confirming: boolean, said: Said, reason: string | null): OrderState => ({
  order: null,
  elsewhere: null,
  confirming,
  busy: null,
  said,
  reason,
  problem: null,
});

export function sceneOf(state: OrderState, now: number): Scene {
  if (state.elsewhere !== null) return 'elsewhere';
  if (state.confirming) return 'confirming';
  if (state.order === null) return state.problem === 'not-found' ? 'not-here' : 'loading';
  switch (state.order.state) {
    case 'open':
    case 'paying':
      return remainingOf(state, now) === 0 ? 'expired' : 'pay';
    case 'confirming':
      return 'checking';
    case 'awaiting-deposit':
      return 'deposit';
    case 'paid':
      return 'tickets';
    default:
      return state.order.state;
  }
}

/** Until the seats go back; null when there is no such deadline. */
export function remainingOf(state: OrderState, now: number): number | null {
  const { order } = state;
  return order === null || order.remainingMs === null ? null : Math.max(0, order.remainingMs - (now - order.at));
}

/** What to tell above the pay button: the window's own word first, else the last refusal that the server knows. */
export function refusalOf(state: OrderState): { readonly kind: Exclude<Said, null>; readonly reason: string | null } | null {
  if (state.said !== null) return { kind: state.said, reason: state.reason };
  const refusal = state.order?.refusal ?? null;
  return refusal === null ? null : { kind: 'refused', reason: refusal.message };
}

const CHECKING_MS = 2_000;
const OPEN_MS = 15_000;
const MOVING_MS = 5_000;
const FAILED_MS = 4_000;

/** When to ask for the order again, in ms from now; null: nothing will change by itself. */
export function askAgainIn(state: OrderState, now: number): number | null {
  if (state.elsewhere !== null || state.confirming) return null;
  if (state.order === null) return state.problem === null || state.problem === 'not-found' ? null : FAILED_MS;
  switch (state.order.state) {
    case 'confirming':
      return CHECKING_MS;
    case 'open':
    case 'paying':
      return Math.min(OPEN_MS, (remainingOf(state, now) ?? OPEN_MS) + 500);
    case 'refunding':
    case 'awaiting-deposit':
      return MOVING_MS;
    default:
      return null;
  }
}

/** What is known of a payment by its proof alone, from the state of the order or from the code of a refusal; null: nothing, it is no proof of ours. */
export function elsewhereOf(word: OrderReply['state'] | string): Elsewhere | null {
  switch (word) {
    case 'paid':
      return 'paid';
    case 'refunding':
    case 'refunded':
      return 'refunding';
    case 'confirming':
    case 'awaiting-deposit':
    case 'payment-in-progress':
      return 'checking';
    case 'not-found':
    case 'bad-request':
      return null;
    default:
      return 'refused';
  }
}

/** How the browser came here: straight, or back from the payment window with its word. */
export type Return =
  | { readonly kind: 'plain'; readonly said: Said }
  | { readonly kind: 'paid'; readonly n: number; readonly paymentKey: string; readonly orderId: string; readonly amount: number }
  | { readonly kind: 'failed'; readonly n: number; readonly said: Said; readonly reason: string | null };

const CANCEL_CODES: readonly string[] = ['PAY_PROCESS_CANCELED', 'USER_CANCEL'];
const REASON_MAX = 200;

export function readReturn(query: { get(name: string): string | null }): Return {
  const n = Number(query.get('n') ?? Number.NaN);
  const paymentKey = query.get('paymentKey');
  const orderId = query.get('orderId');
  const amount = Number(query.get('amount') ?? Number.NaN);
  if (Number.isInteger(n) && paymentKey !== null && orderId !== null && Number.isInteger(amount) && amount >= 0)
    return { kind: 'paid', n, paymentKey, orderId, amount };
  if (query.get('failed') === '1' && Number.isInteger(n)) {
    const cancelled = CANCEL_CODES.includes(query.get('code') ?? '');
    return { kind: 'failed', n, said: cancelled ? 'cancelled' : 'refused', reason: cancelled ? null : (query.get('message')?.slice(0, REASON_MAX) ?? null) };
  }
  const said = query.get('said');
  return { kind: 'plain', said: said === 'cancelled' || said === 'script-failed' ? said : said === 'payment-in-progress' ? 'other-window' : null };
}
