import type { ProviderAnswer, ProviderPayment } from './answer.ts';
import { adviceFor, mayNameOwnCapture, meaningOfConfirmError, type RefusalAdvice } from './codes.ts';

/**
 * What an answer, an error code or silence means for an attempt that is `confirming`.
 *
 *   confirm ──► captured · refused · misfit              the attempt ends
 *           └─► unknown ──► look up by order id ──► captured · refused · misfit
 *                                              ├──► ask-again (same key after silence or a twin, new key after a stored error)
 *                                              └──► unknown (the provider did not answer: `reachable` false)
 */
export type Verdict =
  | { readonly kind: 'captured'; readonly payment: ProviderPayment }
  /** Money was captured, but not as we asked: it must go back whole. */
  | { readonly kind: 'misfit'; readonly payment: ProviderPayment; readonly why: 'amount' | 'partly-canceled' | 'order' }
  /** `message`: the provider's words for the buyer, in its language; empty when it had none. */
  | { readonly kind: 'refused'; readonly code: string; readonly advice: RefusalAdvice; readonly message: string }
  | { readonly kind: 'ask-again'; readonly newKey: boolean }
  | { readonly kind: 'unknown'; readonly lastWord: LastWord; readonly code: string | null; readonly reachable: boolean };

/**
 * How our latest confirm ended, which decides what a payment still IN_PROGRESS means:
 * `silence` or `twin`: it may still be under way, the same key finds its result. `error`: the provider stored an error under
 * the key and would repeat it, so a new key asks anew. `doubtful`: an error nobody documented as transient: it is the end.
 */
export const LAST_WORDS = ['silence', 'twin', 'error', 'doubtful'] as const;
export type LastWord = (typeof LAST_WORDS)[number];

export type Expected = { readonly providerOrderId: string; readonly amount: number; readonly currency: string };

export type ConfirmContext = Expected & {
  /** Confirm calls made before this one for the attempt, whatever became of them. */
  readonly earlierCalls: number;
};

export function judgeConfirm(answer: ProviderAnswer<ProviderPayment>, context: ConfirmContext): Verdict {
  if (answer.kind === 'silence') return { kind: 'unknown', lastWord: 'silence', code: null, reachable: false };
  if (answer.kind === 'answer') return judgePayment(answer.value, context, { lastWord: 'silence', lastCode: null });
  const { code, status, message } = answer;
  switch (meaningOfConfirmError(code, status)) {
    case 'payment':
      // "Used already" or "gone" may be said of what an earlier call of the attempt captured: one look before it is believed.
      if (context.earlierCalls > 0 && mayNameOwnCapture(code)) return { kind: 'unknown', lastWord: 'doubtful', code, reachable: true };
      return refused(code, message);
    case 'request':
      // Our key or request was refused: this call captured nothing. An earlier call of the attempt may have.
      return context.earlierCalls === 0 ? refused(code, message) : { kind: 'unknown', lastWord: 'error', code, reachable: true };
    case 'unknown':
      return { kind: 'unknown', lastWord: code === 'IDEMPOTENT_REQUEST_PROCESSING' ? 'twin' : 'error', code, reachable: true };
    case 'doubtful':
      return { kind: 'unknown', lastWord: 'doubtful', code, reachable: true };
  }
}

export type LookUpContext = Expected & {
  readonly lastWord: LastWord;
  readonly lastCode: string | null;
  /** What the buyer brought back from the window, and we asked to confirm. */
  readonly paymentKey: string | null;
};

/** The answer to GET by order id. An error other than "no such payment" says nothing about the payment. */
export function judgeLookUp(answer: ProviderAnswer<ProviderPayment>, context: LookUpContext): Verdict {
  if (isForeignKey(answer, context)) return refused('ALREADY_PROCESSED_PAYMENT');
  if (answer.kind === 'answer') return judgePayment(answer.value, context, context);
  if (answer.kind === 'error' && answer.code === 'NOT_FOUND_PAYMENT') return unfinished(context);
  return { kind: 'unknown', lastWord: context.lastWord, code: context.lastCode, reachable: false };
}

/**
 * The key is of a payment that was processed, and our order id has none, or an unprocessed one of another key: the buyer brought the key
 * of some other order. Asking again would be answered the same for as long as we liked, with the seats kept meanwhile.
 */
function isForeignKey(answer: ProviderAnswer<ProviderPayment>, { lastWord, lastCode, paymentKey }: LookUpContext): boolean {
  if (lastWord !== 'error' || lastCode !== 'ALREADY_PROCESSED_PAYMENT') return false;
  if (answer.kind === 'error') return answer.code === 'NOT_FOUND_PAYMENT';
  if (answer.kind !== 'answer' || answer.value.paymentKey === paymentKey) return false;
  return answer.value.status === 'READY' || answer.value.status === 'IN_PROGRESS';
}

type Before = { readonly lastWord: LastWord; readonly lastCode: string | null };

function judgePayment(payment: ProviderPayment, expected: Expected, before: Before): Verdict {
  switch (payment.status) {
    case 'DONE':
      if (payment.orderId !== expected.providerOrderId) return { kind: 'misfit', payment, why: 'order' };
      if (payment.totalAmount !== expected.amount || payment.currency !== expected.currency) return { kind: 'misfit', payment, why: 'amount' };
      return payment.balanceAmount === payment.totalAmount ? { kind: 'captured', payment } : { kind: 'misfit', payment, why: 'partly-canceled' };
    case 'PARTIAL_CANCELED':
      return payment.balanceAmount === 0 ? refused('CANCELED') : { kind: 'misfit', payment, why: 'partly-canceled' };
    case 'CANCELED':
    case 'ABORTED':
    case 'EXPIRED':
      return refused(payment.status);
    // Deposits are not offered yet: the seats are not kept for one, and a deposit that comes anyway is a late success.
    case 'WAITING_FOR_DEPOSIT':
      return refused(payment.status);
    case 'READY':
    case 'IN_PROGRESS':
      return unfinished(before);
  }
}

/** Not captured so far; whether it still can be depends on how our last call ended. */
function unfinished({ lastWord, lastCode }: Before): Verdict {
  if (lastWord === 'doubtful') return refused(lastCode ?? 'UNKNOWN');
  return { kind: 'ask-again', newKey: lastWord === 'error' };
}

const refused = (code: string, message = ''): Verdict => ({ kind: 'refused', code, advice: adviceFor(code), message });
