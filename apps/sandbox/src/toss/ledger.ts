import { randomBytes } from 'node:crypto';
import type { SandboxClock } from './clock.ts';
import type { TossErrorCode } from './error-codes.ts';
import type { KeyHolder } from './merchants.ts';
import { passTime, type Payment } from './payment.ts';
import { createTransactions, type Transaction } from './transactions.ts';

/** The oldest payments and transactions are forgotten past these: the sandbox's memory is bounded. */
export const PAYMENTS_MAX = 200_000;
export const TRANSACTIONS_MAX = 400_000;
/** Payments looked at per sweep for expiry that nobody asked about. */
const SWEEP_MAX = 1_000;

export type NewPayment = {
  readonly orderId: string;
  readonly orderName: string;
  readonly amount: number;
  readonly currency: string;
  readonly taxFreeAmount?: number;
  readonly successUrl?: string | null;
  readonly failUrl?: string | null;
  readonly customerKey?: string | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly confirmRefusal?: TossErrorCode | null;
};

export type Ledger = {
  readonly open: (holder: KeyHolder, request: NewPayment) => Payment;
  /** The payment as it is now (expired if its time is over); undefined for another merchant's. */
  readonly byKey: (paymentKey: string, mid?: string) => Payment | undefined;
  readonly byOrderId: (orderId: string, mid: string) => Payment | undefined;
  readonly isPaid: (orderId: string, mid: string) => boolean;
  readonly markPaid: (payment: Payment) => void;
  readonly record: (payment: Payment, amount: number) => void;
  readonly transactions: (mid: string, from: number, to: number, startingAfter: string | null, limit: number) => Transaction[];
  readonly sweep: () => void;
  readonly newTransactionKey: () => string;
  readonly sizes: () => { payments: number; transactions: number };
};

/** Everything Toss knows, in memory. `onStatus` hears of each status that Toss would send a webhook for. */
export function createLedger(
  clock: SandboxClock, onStatus: (payment: Payment) => void, limits = { payments: PAYMENTS_MAX, transactions: TRANSACTIONS_MAX },
): Ledger {
  const payments = new Map<string, Payment>();
  const newest = new Map<string, Payment>();
  const paid = new Map<string, string>();
  const open = new Set<Payment>();
  const transactions = createTransactions(clock, limits.transactions);

  const orderKey = (mid: string, orderId: string): string => `${mid}/${orderId}`;
  const settle = (payment: Payment | undefined, mid?: string): Payment | undefined => {
    if (payment === undefined || (mid !== undefined && payment.mid !== mid)) return undefined;
    if (passTime(payment, clock.now())) onStatus(payment);
    if (payment.status !== 'READY' && payment.status !== 'IN_PROGRESS') open.delete(payment);
    return payment;
  };
  const forgetOldest = (): void => {
    if (payments.size <= limits.payments) return;
    for (const oldest of payments.values()) {
      payments.delete(oldest.paymentKey);
      open.delete(oldest);
      const key = orderKey(oldest.mid, oldest.orderId);
      if (newest.get(key) === oldest) newest.delete(key);
      if (paid.get(key) === oldest.paymentKey) paid.delete(key);
      return;
    }
  };

  return {
    open: (holder, request) => {
      const payment = newPayment(holder, request, clock.now());
      payments.set(payment.paymentKey, payment);
      newest.set(orderKey(payment.mid, payment.orderId), payment);
      open.add(payment);
      forgetOldest();
      return payment;
    },
    byKey: (paymentKey, mid) => settle(payments.get(paymentKey), mid),
    byOrderId: (orderId, mid) => {
      const key = orderKey(mid, orderId);
      const paidKey = paid.get(key);
      return settle(paidKey === undefined ? newest.get(key) : payments.get(paidKey));
    },
    isPaid: (orderId, mid) => paid.has(orderKey(mid, orderId)),
    markPaid: (payment) => {
      paid.set(orderKey(payment.mid, payment.orderId), payment.paymentKey);
      open.delete(payment);
    },
    record: (payment, amount) => transactions.add(payment, amount),
    transactions: (mid, from, to, startingAfter, limit) => transactions.list(mid, from, to, startingAfter, limit),
    sweep: () => {
      let looked = 0;
      for (const payment of open) {
        settle(payment);
        looked += 1;
        if (looked >= SWEEP_MAX) return;
      }
    },
    newTransactionKey: () => randomBytes(16).toString('hex').toUpperCase(),
    sizes: () => ({ payments: payments.size, transactions: transactions.size() }),
  };
}

function newPayment({ merchant, kind }: KeyHolder, request: NewPayment, now: number): Payment {
  const stamp = new Date(now + 9 * 3_600_000).toISOString().replaceAll(/[^0-9]/g, '').slice(0, 14);
  return {
    // The form of Toss' keys in its test environment; the random part is long enough not to be guessed.
    paymentKey: `tgen_${stamp}${randomBytes(9).toString('base64url')}`,
    mid: merchant.mid,
    version: kind === 'widget' ? '2022-11-16' : merchant.version,
    kind,
    orderId: request.orderId,
    orderName: request.orderName,
    currency: request.currency,
    totalAmount: request.amount,
    balanceAmount: request.amount,
    taxFreeAmount: request.taxFreeAmount ?? 0,
    requestedAt: now,
    successUrl: request.successUrl ?? null,
    failUrl: request.failUrl ?? null,
    customerKey: request.customerKey ?? null,
    metadata: request.metadata ?? null,
    status: 'READY',
    authenticatedAt: null,
    approvedAt: null,
    lastTransactionKey: null,
    secret: null,
    failure: null,
    cancels: [],
    confirmRefusal: request.confirmRefusal ?? null,
  };
}
