import { moveOrder } from '@onsale/booking';
import { addOutboxRow, inTransaction, type Tx } from '@onsale/database';
import { insertPayment, insertRefund, moveAttempt, type Attempt, type AttemptId, type ProviderPayment, type RefundId } from '@onsale/payments';
import { isPassing, refuseAlongside } from './command-refusal.ts';
import type { SalesContext } from './context.ts';
import { readStanding, type Standing } from './standing.ts';

export type GiveBackReason = 'seats-gone' | 'amount' | 'partly-canceled' | 'order';
const REASONS: Record<GiveBackReason, string> = {
  'seats-gone': '좌석을 확보하지 못해 자동 환불합니다. (seats no longer available)',
  amount: '결제 금액이 주문과 달라 자동 환불합니다. (amount differs)',
  'partly-canceled': '일부 취소된 결제를 자동 환불합니다. (partly cancelled)',
  order: '주문 정보가 달라 자동 환불합니다. (order differs)',
};

/** The outbox row that drives one refund; rows of one payment go one at a time. */
export const refundRowKey = ({ order, n }: AttemptId): string => `payment:${order}:${n}`;
export const addRefundRow = (tx: Tx, refund: RefundId): Promise<void> =>
  addOutboxRow(tx, { kind: 'refund', key: refundRowKey(refund), payload: { order: refund.order, n: refund.n, refundNo: refund.refundNo } });

/**
 * Money was captured that cannot be kept: written down together with what is owed and with the outbox row that will pay it
 * back, so that nobody's help is needed from here on (B3). A hold that was waiting for this answer goes back to live.
 */
export async function giveBack(context: SalesContext, attempt: Attempt, payment: ProviderPayment, why: GiveBackReason): Promise<Standing> {
  const owe = async (tx: Tx): Promise<boolean> => {
    // An order that is over shows that its money is coming back; one that is being paid otherwise, or is paid, is left alone.
    await moveOrder(tx, attempt.order, 'refunding', { from: ['expired', 'cancelled'] });
    if (!(await moveAttempt(tx, attempt, 'give-back', { code: why }))) return false;
    await insertPayment(tx, attempt, payment);
    if (payment.balanceAmount > 0) await addRefundRow(tx, await insertRefund(tx, attempt, payment.balanceAmount, REASONS[why]));
    return true;
  };
  if (attempt.state === 'confirming') {
    const { show, hold, id, order } = attempt;
    const answer = await context.engine.submit({ kind: 'resume', show, hold, attempt: id }, async (tx) => {
      await moveOrder(tx, order, 'paying', { refusal: { code: why, message: REASONS[why] } });
      if (!(await owe(tx))) throw refuseAlongside({ kind: 'attempt-over', state: attempt.state });
    });
    if (answer.ok) return answer.value.again ? readStanding(context, attempt) : { kind: 'returning' };
    if (isPassing(answer.refusal)) return { kind: 'pending' };
    if (answer.refusal.kind === 'alongside') return readStanding(context, attempt);
  }
  const owed = await inTransaction(context.database.money, { isolation: 'read committed' }, owe);
  return owed ? { kind: 'returning' } : readStanding(context, attempt);
}
