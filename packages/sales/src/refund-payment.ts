import { moveOrder } from '@onsale/booking';
import { closeOutboxRow, inTransaction, outboxPauseMs, retryOutboxRow, type OutboxRow } from '@onsale/database';
import { invariant, type OpaqueId } from '@onsale/kernel';
import {
  addRefunded, CANCEL_SPACING_MS, finishRefund, judgeCancel, judgeRefundLookUp, lockPayment, lockRefund, moveAttempt, noteCancel, noteRefund, refundKey,
  REFUSED_REFUND_RETRY_MS, startRefund, type Payment, type Refund, type RefundContext, type RefundId, type RefundVerdict,
} from '@onsale/payments';
import type { SalesContext } from './context.ts';

export type RefundOutcome = 'refunded' | 'later' | 'attention' | 'gone';
type Asking = { readonly refund: Refund; readonly payment: Payment; readonly context: RefundContext };

/**
 * Works off one outbox row of kind `refund`: money owed back from one payment.
 *
 *   lock payment and refund, fix the balance, choose the key ──► (asked before: look at the balance) ──► cancel ──► verdict
 *      refunded: refund done, payment.refunded, attempt returned, order refunded, row closed, in one transaction
 *      unknown: the row comes back after 1, 2, 4 … s     refused for good: flagged for a person, asked again every hour
 *
 * Run twice it refunds once: the provider is given the balance that must be there and one key per asking.
 */
export async function refundPayment(context: SalesContext, row: OutboxRow, random: () => number): Promise<RefundOutcome> {
  const id = refundIdOf(row);
  const asking = await prepare(context, id);
  if (asking === 'gone') {
    await inTransaction(context.database.money, { isolation: 'read committed' }, (tx) => closeOutboxRow(tx, row.id));
    return 'gone';
  }
  if (typeof asking === 'number') return later(context, row, 'spacing', asking);
  const verdict = await ask(context, asking);
  switch (verdict.kind) {
    case 'refunded':
      return (await finish(context, row, asking, verdict)) ? 'refunded' : 'gone';
    case 'attention':
      await noteRefund(context.database.money, id, { error: true, code: verdict.code, attention: true });
      await later(context, row, verdict.code, REFUSED_REFUND_RETRY_MS);
      return 'attention';
    case 'ask-again':
      await noteRefund(context.database.money, id, { error: verdict.newKey, code: null, attention: false });
      return later(context, row, 'ask-again', outboxPauseMs(row.attempts, random()));
    case 'unknown':
      await noteRefund(context.database.money, id, { error: verdict.newKey, code: verdict.code, attention: false });
      return later(context, row, verdict.code ?? 'silence', outboxPauseMs(row.attempts, random()));
  }
}

function refundIdOf({ kind, payload }: OutboxRow): RefundId {
  const { order, n, refundNo } = payload;
  invariant(kind === 'refund' && typeof order === 'string' && typeof n === 'number' && typeof refundNo === 'number', 'not a refund row');
  return { order: order as OpaqueId, n, refundNo };
}

/** Writes down that the provider is about to be asked. A number: too soon after the last cancel, wait so many ms. */
function prepare(context: SalesContext, id: RefundId): Promise<Asking | number | 'gone'> {
  return inTransaction(context.database.money, { isolation: 'read committed' }, async (tx) => {
    const payment = await lockPayment(tx, id);
    const refund = await lockRefund(tx, id);
    invariant(payment !== undefined && refund !== undefined, 'a refund row without its refund');
    if (refund.state === 'done') return 'gone';
    if (payment.sinceCancelMs !== null && payment.sinceCancelMs < CANCEL_SPACING_MS) return CANCEL_SPACING_MS - payment.sinceCancelMs;
    const balance = payment.amount - payment.refunded;
    await startRefund(tx, id, { balance, newKey: refund.lastWasError });
    await noteCancel(tx, id);
    const asked = { ...refund, keyNo: refund.keyNo + (refund.lastWasError ? 1 : 0), balanceBefore: refund.balanceBefore ?? balance };
    return { refund: asked, payment, context: { amount: refund.amount, balanceBefore: asked.balanceBefore, lastWasError: refund.lastWasError } };
  });
}

async function ask(context: SalesContext, { refund, payment, context: rule }: Asking): Promise<RefundVerdict> {
  if (refund.asks > 0) {
    const seen = judgeRefundLookUp(await context.provider.paymentByKey(payment.paymentKey), rule);
    if (seen.kind !== 'ask-again') return seen;
  }
  const answer = await context.provider.cancel({
    paymentKey: payment.paymentKey,
    amount: refund.amount,
    reason: refund.reason,
    refundableAmount: rule.balanceBefore,
    idempotencyKey: refundKey(payment.providerOrderId, refund),
  });
  return judgeCancel(answer, rule);
}

async function finish(
  context: SalesContext, row: OutboxRow, { refund, payment }: Asking, verdict: Extract<RefundVerdict, { readonly kind: 'refunded' }>,
): Promise<boolean> {
  const whole = payment.refunded + refund.amount >= payment.amount;
  return inTransaction(context.database.money, { isolation: 'read committed' }, async (tx) => {
    if (whole) {
      await moveOrder(tx, refund.order, 'refunded', { from: ['refunding'] });
      await moveAttempt(tx, refund, 'refunded');
    }
    if (!(await finishRefund(tx, refund, verdict.transactionKey))) return false;
    await addRefunded(tx, refund, refund.amount);
    await closeOutboxRow(tx, row.id);
    return true;
  });
}

async function later(context: SalesContext, row: OutboxRow, error: string, delayMs: number): Promise<'later'> {
  await retryOutboxRow(context.database.money, row, { error, delayMs: Math.ceil(delayMs) });
  return 'later';
}
