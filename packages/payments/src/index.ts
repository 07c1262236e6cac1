export { createOrderIdSigner, type OrderIdSigner } from './order-id-signer.ts';
export type * from './provider.ts';
// The rules' `moveAttempt` is the pure form of the store's compare-and-set of that name.
export {
  ATTEMPT_STATES, ATTEMPTS_PER_ORDER, CANCEL_SPACING_MS, CARD_MINIMUM_WON, compareAmount, CONFIRM_LEASE_MS, FIRST_LOOK_MS, holdsMoney,
  judgeCancel, judgeConfirm, judgeLookUp, judgeRefundLookUp, LAST_WORDS, lookDelayMs,
  outOfPatience, payableAmount, PROVIDER_STATUSES, REFUSED_REFUND_RETRY_MS, releasedLookDelayMs,
  UNREACHABLE_RELEASE_MS,
} from './rules/index.ts';
export type {
  AmountRefusal, AttemptId, AttemptMove, AttemptState, Expected, LastWord, Patience, ProviderAnswer, ProviderCancel, ProviderPayment, ProviderStatus,
  RefundContext, RefundState, RefundVerdict, RefusalAdvice, SilenceCause, Verdict,
} from './rules/index.ts';
export * from './store/attempts.ts';
export { erasePayments } from './store/erase-show.ts';
export * from './store/payments.ts';
export * from './store/refunds.ts';
export { tellCall } from './tell-call.ts';
export { createTossClient, type TossCall, type TossClientOptions, type TossTimeouts } from './toss-client.ts';
export { readBell, type Bell, type DroppedBell } from './webhook.ts';
