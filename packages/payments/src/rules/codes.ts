/**
 * What each error code of the provider means for money. Decided by code; the HTTP status counts only for codes nobody
 * has listed (a 5xx is unknown, anything else doubtful).
 *
 *   payment    said about this payment: nothing was captured, the attempt is over
 *   request    said about our request or configuration: nothing was captured by *this* call, an earlier one may have
 *   unknown    the payment may have been captured: look it up before anything else
 *   doubtful   most likely not captured, but not documented well enough to say so without a look
 */
export type CodeMeaning = 'payment' | 'request' | 'unknown' | 'doubtful';

/** What the buyer is told to do after a definite refusal. */
export type RefusalAdvice = 'other-card' | 'pay-again' | 'order-again' | 'operator';

const UNKNOWN = new Set([
  'IDEMPOTENT_REQUEST_PROCESSING', 'ALREADY_PROCESSED_PAYMENT', 'PROVIDER_ERROR', 'FORBIDDEN_CONSECUTIVE_REQUEST',
  'FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING', 'FAILED_INTERNAL_SYSTEM_PROCESSING', 'UNKNOWN_PAYMENT_ERROR', 'COMMON_ERROR',
]);

const REQUEST = new Set([
  'UNAUTHORIZED_KEY', 'INVALID_API_KEY', 'INCORRECT_BASIC_AUTH_FORMAT', 'INSECURE_KEY_USAGE', 'INVALID_IDEMPOTENCY_KEY',
  'FORBIDDEN_REQUEST', 'TOO_MANY_REQUESTS', 'EXCEED_MAX_REQUEST', 'INVALID_REQUEST', 'UNAPPROVED_ORDER_ID',
]);

const CARD = new Set([
  'REJECT_CARD_PAYMENT', 'REJECT_CARD_COMPANY', 'REJECT_ACCOUNT_PAYMENT', 'INVALID_REJECT_CARD', 'INVALID_CARD_EXPIRATION', 'INVALID_STOPPED_CARD',
  'INVALID_CARD_LOST_OR_STOLEN', 'INVALID_CARD_NUMBER', 'INVALID_CARD_INSTALLMENT_PLAN', 'INVALID_PASSWORD', 'EXCEED_MAX_AUTH_COUNT',
  'EXCEED_MAX_ONE_DAY_AMOUNT', 'EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT', 'EXCEED_MAX_DAILY_PAYMENT_COUNT', 'EXCEED_MAX_PAYMENT_AMOUNT', 'EXCEED_MAX_AMOUNT',
  'EXCEED_MAX_CARD_INSTALLMENT_PLAN', 'EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT', 'NOT_AVAILABLE_BANK', 'NOT_AVAILABLE_PAYMENT', 'FDS_ERROR',
]);
const SESSION = new Set(['NOT_FOUND_PAYMENT', 'NOT_FOUND_PAYMENT_SESSION']);
const ORDER = new Set(['DUPLICATED_ORDER_ID', 'BELOW_MINIMUM_AMOUNT']);

export function meaningOfConfirmError(code: string, status: number): CodeMeaning {
  if (UNKNOWN.has(code)) return 'unknown';
  if (CARD.has(code) || SESSION.has(code) || ORDER.has(code)) return 'payment';
  if (REQUEST.has(code)) return 'request';
  return status >= 500 ? 'unknown' : 'doubtful';
}

/** Refusals that a second call also gets when the first one captured: the order id is used, the session is gone. */
export const mayNameOwnCapture = (code: string): boolean => code === 'DUPLICATED_ORDER_ID' || SESSION.has(code);

export function adviceFor(code: string): RefusalAdvice {
  if (CARD.has(code)) return 'other-card';
  if (ORDER.has(code)) return 'order-again';
  if (REQUEST.has(code)) return 'operator';
  return 'pay-again';
}

/** Codes of a cancel after which only a look at the payment's balance says whether our cancel happened. */
const CANCEL_LOOK = new Set([
  'ALREADY_CANCELED_PAYMENT', 'ALREADY_REFUND_PAYMENT', 'NOT_CANCELABLE_AMOUNT', 'NOT_MATCHES_REFUNDABLE_AMOUNT', 'IDEMPOTENT_REQUEST_PROCESSING',
  'PROVIDER_ERROR', 'FORBIDDEN_CONSECUTIVE_REQUEST', 'FAILED_REFUND_PROCESS', 'FAILED_METHOD_HANDLING_CANCEL', 'FAILED_PARTIAL_REFUND', 'COMMON_ERROR',
  'FAILED_INTERNAL_SYSTEM_PROCESSING', 'TOO_MANY_REQUESTS', 'EXCEED_MAX_REQUEST', 'UNAUTHORIZED_KEY', 'INVALID_API_KEY',
]);
/** Codes with which the provider refuses a cancel for good: a person must decide, the money is still owed. */
export const cancelNeedsPerson = (code: string, status: number): boolean => !CANCEL_LOOK.has(code) && status < 500;
