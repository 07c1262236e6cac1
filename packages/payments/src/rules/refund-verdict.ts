import type { ProviderAnswer, ProviderPayment } from './answer.ts';
import { cancelNeedsPerson } from './codes.ts';

/**
 * A refund: money we owe back from one captured payment. It has no failed state: what is owed stays due until it is done.
 *
 *   due ──ask──► (cancel call) ──► done
 *    ▲                │ silence or a transient error: look at the balance, ask again (1, 2, 4 … 30 s)
 *    └────────────────┘ refused for good: `attention` is raised for a person, asked again every hour
 */
export const REFUND_STATES = ['due', 'done'] as const;
export type RefundState = (typeof REFUND_STATES)[number];

export type RefundVerdict =
  | { readonly kind: 'refunded'; readonly balanceAmount: number; readonly transactionKey: string | null }
  | { readonly kind: 'ask-again'; readonly newKey: boolean }
  | { readonly kind: 'unknown'; readonly newKey: boolean; readonly code: string | null }
  | { readonly kind: 'attention'; readonly code: string };

export type RefundContext = {
  readonly amount: number;
  /** The payment's balance at the provider when this refund was first asked. */
  readonly balanceBefore: number;
  /** How the latest cancel call ended: after a stored error the same key would only repeat it. */
  readonly lastWasError: boolean;
};

export function judgeCancel(answer: ProviderAnswer<ProviderPayment>, context: RefundContext): RefundVerdict {
  if (answer.kind === 'silence') return { kind: 'unknown', newKey: false, code: null };
  if (answer.kind === 'answer') return judgeBalance(answer.value, context);
  if (cancelNeedsPerson(answer.code, answer.status)) return { kind: 'attention', code: answer.code };
  return { kind: 'unknown', newKey: answer.code !== 'IDEMPOTENT_REQUEST_PROCESSING', code: answer.code };
}

/** GET by payment key after an unknown: only one refund of a payment is under way at a time, so the balance tells. */
export function judgeRefundLookUp(answer: ProviderAnswer<ProviderPayment>, context: RefundContext): RefundVerdict {
  if (answer.kind === 'answer') return judgeBalance(answer.value, context);
  return { kind: 'unknown', newKey: context.lastWasError, code: answer.kind === 'error' ? answer.code : null };
}

function judgeBalance(payment: ProviderPayment, context: RefundContext): RefundVerdict {
  const wanted = context.balanceBefore - context.amount;
  const pending = payment.cancels.some((cancel) => cancel.status === 'IN_PROGRESS');
  if (pending) return { kind: 'unknown', newKey: false, code: 'CANCEL_IN_PROGRESS' };
  // PARTIAL_CANCELED with balance 0 is as finished as CANCELED. A balance below the wanted one means that somebody
  // also cancelled by hand at the provider's console: the buyer has at least what we owe; reconciliation reports it.
  if (payment.balanceAmount <= wanted) {
    return { kind: 'refunded', balanceAmount: payment.balanceAmount, transactionKey: payment.cancels.at(-1)?.transactionKey ?? null };
  }
  if (payment.balanceAmount === context.balanceBefore) return { kind: 'ask-again', newKey: context.lastWasError };
  return { kind: 'attention', code: 'BALANCE_CHANGED_BY_HAND' };
}
