import { randomBytes } from 'node:crypto';
import { done, failed, type Outcome, type TossCall } from './call.ts';
import { parseSeoulTime, seoulTime } from './clock.ts';
import { isTossErrorCode } from './error-codes.ts';
import { cancelPayment, cancelRefusal, capture, confirmRefusal, type Payment } from './payment.ts';
import { paymentObject } from './payment-object.ts';
import { readCancelBody, readConfirmBody } from './request-bodies.ts';
import type { TossWorld } from './world.ts';

export const TRANSACTIONS_LIMIT_DEFAULT = 100;
export const TRANSACTIONS_LIMIT_MAX = 5_000;

/** POST /v1/payments/confirm. A test code forces its error before anything else is looked at. */
export function confirm(world: TossWorld, call: TossCall, rawBody: unknown): Outcome {
  if (call.testCode !== undefined) return failed(isTossErrorCode(call.testCode) ? call.testCode : 'INVALID_REQUEST');
  const body = readConfirmBody(rawBody);
  if (body === null) return failed('INVALID_REQUEST');
  const { mid } = call.holder.merchant;
  const payment = world.ledger.byKey(body.paymentKey, mid);
  // The payment was asked for with a client key of the other kind: the keys are not a pair.
  if (payment !== undefined && payment.kind !== call.holder.kind) return failed('INVALID_API_KEY');
  const refusal = confirmRefusal(payment, body, world.ledger.isPaid(body.orderId, mid));
  if (refusal !== null || payment === undefined) return failed(refusal ?? 'NOT_FOUND_PAYMENT');
  if (payment.confirmRefusal !== null) {
    abort(world, payment, payment.confirmRefusal);
    return failed(payment.confirmRefusal);
  }
  capture(payment, world.clock.now(), world.ledger.newTransactionKey(), `ps_${randomBytes(12).toString('hex')}`);
  world.ledger.markPaid(payment);
  world.ledger.record(payment, payment.totalAmount);
  return announce(world, payment);
}

export function cancel(world: TossWorld, call: TossCall, paymentKey: string, rawBody: unknown): Outcome {
  const body = readCancelBody(rawBody);
  if (body === null) return failed('INVALID_REQUEST');
  const payment = world.ledger.byKey(paymentKey, call.holder.merchant.mid);
  const refusal = cancelRefusal(payment, body, world.clock.now());
  if (refusal !== null || payment === undefined) return failed(refusal ?? 'NOT_FOUND_PAYMENT');
  const before = payment.balanceAmount;
  cancelPayment(payment, body, world.clock.now(), world.ledger.newTransactionKey());
  world.ledger.record(payment, payment.balanceAmount - before);
  return announce(world, payment);
}

export function lookUp(world: TossWorld, payment: Payment | undefined): Outcome {
  return payment === undefined ? failed('NOT_FOUND_PAYMENT') : done(paymentObject(payment, world.baseUrl));
}

type TransactionsQuery = { readonly startDate?: unknown; readonly endDate?: unknown; readonly startingAfter?: unknown; readonly limit?: unknown };

/** GET /v1/transactions: captures and cancels (negative amounts) in order, both dates included. */
export function listTransactions(world: TossWorld, call: TossCall, query: TransactionsQuery): Outcome {
  const from = parseSeoulTime(String(query.startDate ?? ''));
  const to = parseSeoulTime(String(query.endDate ?? ''));
  const limit = query.limit === undefined ? TRANSACTIONS_LIMIT_DEFAULT : Number(query.limit);
  const sound = !Number.isNaN(from) && !Number.isNaN(to) && Number.isInteger(limit) && limit >= 1 && limit <= TRANSACTIONS_LIMIT_MAX;
  if (!sound) return failed('INVALID_REQUEST');
  const startingAfter = typeof query.startingAfter === 'string' ? query.startingAfter : null;
  const { mid } = call.holder.merchant;
  return done(
    world.ledger.transactions(mid, from, to + 999, startingAfter, limit).map((row) => ({
      mId: row.mid,
      transactionKey: row.transactionKey,
      paymentKey: row.paymentKey,
      orderId: row.orderId,
      method: '카드',
      customerKey: row.customerKey,
      useEscrow: false,
      receiptUrl: `${world.baseUrl}/receipts/${row.paymentKey}`,
      status: row.status,
      transactionAt: seoulTime(row.at),
      currency: row.currency,
      amount: row.amount,
    })),
  );
}

export function abort(world: TossWorld, payment: Payment, code: string): void {
  payment.status = 'ABORTED';
  payment.failure = { code, message: '결제가 거절되었습니다.' };
  announce(world, payment);
}

/** Rings the bell of a status that Toss tells of, and answers the payment. */
function announce(world: TossWorld, payment: Payment): Outcome {
  const object = paymentObject(payment, world.baseUrl);
  world.bells.ring(object);
  return done(object);
}
