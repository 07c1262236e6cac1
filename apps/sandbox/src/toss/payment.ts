import type { TossErrorCode } from './error-codes.ts';

/**
 * A payment at Toss.
 *
 *  requestPayment      authenticated          confirm
 *  ─────────────► READY ───────────► IN_PROGRESS ───────► DONE ──cancel all──► CANCELED
 *                   │ 30 min            │   │ 10 min       └──cancel a part──► PARTIAL_CANCELED ⟲ (balance 0: stays)
 *                   ▼                   │   ▼
 *                EXPIRED                │ EXPIRED
 *                   ABORTED ◄───────────┘ refused (also from READY, when the window refuses the card)
 *
 * Closing the window changes nothing and tells nobody.
 */
export type PaymentStatus = 'READY' | 'IN_PROGRESS' | 'DONE' | 'CANCELED' | 'PARTIAL_CANCELED' | 'ABORTED' | 'EXPIRED';

export const AUTHENTICATE_WITHIN_MS = 30 * 60_000;
export const CONFIRM_WITHIN_MS = 10 * 60_000;
/** Two cancels of a payment within this are refused. */
export const CANCEL_SPACING_MS = 1_000;
/** Card cancels may fail after a year; the sandbox makes them fail. */
export const CANCEL_WITHIN_MS = 365 * 86_400_000;
export const CARD_MINIMUM = 100;

export type Cancel = {
  readonly amount: number;
  readonly reason: string;
  readonly at: number;
  readonly transactionKey: string;
  readonly refundableAmount: number;
  readonly taxFreeAmount: number;
};

export type Payment = {
  readonly paymentKey: string;
  readonly mid: string;
  readonly version: string;
  readonly kind: 'api' | 'widget';
  readonly orderId: string;
  readonly orderName: string;
  readonly currency: string;
  readonly totalAmount: number;
  readonly taxFreeAmount: number;
  readonly requestedAt: number;
  readonly successUrl: string | null;
  readonly failUrl: string | null;
  readonly customerKey: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  status: PaymentStatus;
  balanceAmount: number;
  authenticatedAt: number | null;
  approvedAt: number | null;
  lastTransactionKey: string | null;
  secret: string | null;
  failure: { readonly code: string; readonly message: string } | null;
  cancels: Cancel[];
  /** What confirm will answer although the window approved: chosen in the window or by /control/payments. */
  confirmRefusal: TossErrorCode | null;
};

/** Lets time pass for one payment; true when it has just expired. */
export function passTime(payment: Payment, now: number): boolean {
  const unconfirmed = payment.status === 'IN_PROGRESS' && payment.authenticatedAt !== null && now - payment.authenticatedAt > CONFIRM_WITHIN_MS;
  const unauthenticated = payment.status === 'READY' && now - payment.requestedAt > AUTHENTICATE_WITHIN_MS;
  if (!unconfirmed && !unauthenticated) return false;
  payment.status = 'EXPIRED';
  payment.failure = { code: 'EXPIRED_PAYMENT', message: '결제가 만료되었습니다. 다시 시도해 주세요.' };
  return true;
}

export type ConfirmBody = { readonly paymentKey: string; readonly orderId: string; readonly amount: number };

/** Why a confirm is refused, or null when the payment may be captured. Changes nothing. */
export function confirmRefusal(payment: Payment | undefined, body: ConfirmBody, orderPaid: boolean): TossErrorCode | null {
  if (payment === undefined) return 'NOT_FOUND_PAYMENT';
  if (payment.status === 'DONE' || payment.status === 'CANCELED' || payment.status === 'PARTIAL_CANCELED') return 'ALREADY_PROCESSED_PAYMENT';
  if (payment.status !== 'IN_PROGRESS') return 'NOT_FOUND_PAYMENT_SESSION';
  if (payment.orderId !== body.orderId || payment.totalAmount !== body.amount) return 'INVALID_REQUEST';
  if (payment.totalAmount < CARD_MINIMUM) return 'BELOW_MINIMUM_AMOUNT';
  return orderPaid ? 'DUPLICATED_ORDER_ID' : null;
}

export function capture(payment: Payment, now: number, transactionKey: string, secret: string): void {
  payment.status = 'DONE';
  payment.approvedAt = now;
  payment.lastTransactionKey = transactionKey;
  payment.secret = secret;
}

export type CancelBody = {
  readonly cancelReason: string;
  readonly cancelAmount: number | null;
  readonly refundableAmount: number | null;
  readonly taxFreeAmount: number;
};

export function cancelRefusal(payment: Payment | undefined, body: CancelBody, now: number): TossErrorCode | null {
  if (payment === undefined) return 'NOT_FOUND_PAYMENT';
  if (payment.status === 'CANCELED') return 'ALREADY_CANCELED_PAYMENT';
  if (payment.status !== 'DONE' && payment.status !== 'PARTIAL_CANCELED') return 'NOT_CANCELABLE_PAYMENT';
  const last = payment.cancels.at(-1);
  if (last !== undefined && now - last.at < CANCEL_SPACING_MS) return 'FORBIDDEN_CONSECUTIVE_REQUEST';
  if (payment.approvedAt !== null && now - payment.approvedAt > CANCEL_WITHIN_MS) return 'EXCEED_MAX_REFUND_DUE';
  if (body.refundableAmount !== null && body.refundableAmount !== payment.balanceAmount) return 'NOT_MATCHES_REFUNDABLE_AMOUNT';
  const amount = body.cancelAmount ?? payment.balanceAmount;
  return amount <= 0 || amount > payment.balanceAmount ? 'NOT_CANCELABLE_AMOUNT' : null;
}

/**
 * Takes `body.cancelAmount` (all that is left when null) off the balance. Only one cancel of everything gives CANCELED;
 * parts that add up to everything leave PARTIAL_CANCELED with balance 0.
 */
export function cancelPayment(payment: Payment, body: CancelBody, now: number, transactionKey: string): void {
  const amount = body.cancelAmount ?? payment.balanceAmount;
  const whole = payment.cancels.length === 0 && amount === payment.totalAmount;
  payment.balanceAmount -= amount;
  payment.status = whole ? 'CANCELED' : 'PARTIAL_CANCELED';
  payment.lastTransactionKey = transactionKey;
  payment.cancels.push({
    amount, reason: body.cancelReason, at: now, transactionKey, refundableAmount: payment.balanceAmount, taxFreeAmount: body.taxFreeAmount,
  });
}
