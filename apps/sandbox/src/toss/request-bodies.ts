import type { CancelBody, ConfirmBody } from './payment.ts';

export const ORDER_ID = /^[A-Za-z0-9_-]{6,64}$/;
export const PAYMENT_KEY_MAX = 200;
export const REASON_MAX = 200;
export const ORDER_NAME_MAX = 100;
export const AMOUNT_MAX = 10_000_000_000;
const METADATA_PAIRS_MAX = 5;
const METADATA_KEY_MAX = 40;
const METADATA_VALUE_MAX = 2_000;

type Fields = Record<string, unknown>;
export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isText = (value: unknown, max: number): value is string => typeof value === 'string' && value.length >= 1 && value.length <= max;
export const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= AMOUNT_MAX;
export const isOrderId = (value: unknown): value is string => typeof value === 'string' && ORDER_ID.test(value);

/** Null when Toss would answer INVALID_REQUEST. */
export function readConfirmBody(body: unknown): ConfirmBody | null {
  if (!isFields(body)) return null;
  const { paymentKey, orderId, amount } = body;
  return isText(paymentKey, PAYMENT_KEY_MAX) && isOrderId(orderId) && isAmount(amount) ? { paymentKey, orderId, amount } : null;
}

export function readCancelBody(body: unknown): CancelBody | null {
  if (!isFields(body)) return null;
  const { cancelReason, cancelAmount, refundableAmount, taxFreeAmount } = body;
  if (!isText(cancelReason, REASON_MAX)) return null;
  for (const amount of [cancelAmount, refundableAmount, taxFreeAmount]) if (amount !== undefined && amount !== null && !isAmount(amount)) return null;
  return {
    cancelReason,
    cancelAmount: (cancelAmount as number | null | undefined) ?? null,
    refundableAmount: (refundableAmount as number | null | undefined) ?? null,
    taxFreeAmount: (taxFreeAmount as number | null | undefined) ?? 0,
  };
}

/** Undefined when it is not what Toss accepts: at most 5 pairs of texts. */
export function readMetadata(value: unknown): Record<string, string> | null | undefined {
  if (value === undefined || value === null) return null;
  if (!isFields(value)) return undefined;
  const pairs = Object.entries(value);
  const sound = pairs.length <= METADATA_PAIRS_MAX && pairs.every(
    ([key, text]) => key.length <= METADATA_KEY_MAX && typeof text === 'string' && text.length <= METADATA_VALUE_MAX,
  );
  return sound ? (value as Record<string, string>) : undefined;
}
