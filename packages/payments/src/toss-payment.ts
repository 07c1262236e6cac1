import { PROVIDER_STATUSES, type ProviderCancel, type ProviderPayment, type ProviderStatus } from './rules/index.ts';
import type { ProviderTransaction } from './provider.ts';

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/**
 * Toss' Payment object, reduced. Null when a field that our decisions rest on is missing or of another type: such an
 * answer counts as silence (garbled), never as a payment.
 */
export function readTossPayment(body: unknown): ProviderPayment | null {
  if (!isFields(body)) return null;
  const { paymentKey, orderId, status, totalAmount, balanceAmount, currency } = body;
  if (typeof paymentKey !== 'string' || typeof orderId !== 'string' || typeof currency !== 'string') return null;
  if (!isStatus(status) || !isAmount(totalAmount) || !isAmount(balanceAmount)) return null;
  return {
    paymentKey,
    orderId,
    status,
    totalAmount,
    balanceAmount,
    currency,
    method: textOrNull(body['method']),
    approvedAt: textOrNull(body['approvedAt']),
    lastTransactionKey: textOrNull(body['lastTransactionKey']),
    secret: textOrNull(body['secret']),
    receiptUrl: isFields(body['receipt']) ? textOrNull(body['receipt']['url']) : null,
    cancels: readCancels(body['cancels']),
  };
}

const isStatus = (value: unknown): value is ProviderStatus => PROVIDER_STATUSES.some((status) => status === value);

function readCancels(value: unknown): ProviderCancel[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isFields).map((cancel) => ({
    transactionKey: textOrNull(cancel['transactionKey']) ?? '',
    amount: isAmount(cancel['cancelAmount']) ? cancel['cancelAmount'] : 0,
    status: textOrNull(cancel['cancelStatus']) ?? 'DONE',
  }));
}

export function readTossTransactions(body: unknown): ProviderTransaction[] | null {
  if (!Array.isArray(body)) return null;
  const transactions: ProviderTransaction[] = [];
  for (const row of body) {
    if (!isFields(row)) return null;
    const { transactionKey, paymentKey, orderId, status, amount, currency, transactionAt } = row;
    if (typeof transactionKey !== 'string' || typeof paymentKey !== 'string' || typeof orderId !== 'string') return null;
    if (typeof status !== 'string' || typeof amount !== 'number' || typeof currency !== 'string' || typeof transactionAt !== 'string') return null;
    transactions.push({ transactionKey, paymentKey, orderId, status, amount, currency, transactionAt });
  }
  return transactions;
}

const ERROR_CODE = /^[\x21-\x7e]{1,100}$/;
/**
 * Toss' error body `{code, message}`; null when it is anything else (a proxy's page, say). A code is a word of ASCII, as it is kept: what
 * else stands in its place is one that nobody knows.
 */
export function readTossError(body: unknown): { code: string; message: string } | null {
  if (!isFields(body) || typeof body['code'] !== 'string' || body['code'].length > 100) return null;
  return { code: ERROR_CODE.test(body['code']) ? body['code'] : 'UNKNOWN', message: typeof body['message'] === 'string' ? body['message'].slice(0, 510) : '' };
}
