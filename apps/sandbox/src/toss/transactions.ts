import type { SandboxClock } from './clock.ts';
import type { Payment } from './payment.ts';

/** One movement of money: a capture, or a cancel with a negative amount. */
export type Transaction = {
  readonly mid: string;
  readonly transactionKey: string;
  readonly paymentKey: string;
  readonly orderId: string;
  readonly customerKey: string | null;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly at: number;
};

export type Transactions = {
  readonly add: (payment: Payment, amount: number) => void;
  /** In order of time, both ends included, after the transaction `startingAfter`. */
  readonly list: (mid: string, from: number, to: number, startingAfter: string | null, limit: number) => Transaction[];
  readonly size: () => number;
};

/** What /v1/transactions lists; the oldest tenth is forgotten when there are more than `max`. */
export function createTransactions(clock: SandboxClock, max: number): Transactions {
  let all: Transaction[] = [];
  return {
    add: (payment, amount) => {
      all.push({
        mid: payment.mid, transactionKey: payment.lastTransactionKey ?? '', paymentKey: payment.paymentKey, orderId: payment.orderId,
        customerKey: payment.customerKey, status: payment.status, amount, currency: payment.currency, at: clock.now(),
      });
      if (all.length > max) all = all.slice(Math.ceil(max / 10));
    },
    list: (mid, from, to, startingAfter, limit) => {
      const rows = all.filter((row) => row.mid === mid && row.at >= from && row.at <= to);
      const start = startingAfter === null ? 0 : rows.findIndex((row) => row.transactionKey === startingAfter) + 1;
      return rows.slice(start, start + limit);
    },
    size: () => all.length,
  };
}
