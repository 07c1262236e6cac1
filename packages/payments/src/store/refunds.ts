import type { OpaqueId } from '@onsale/kernel';
import type { Queryable, ResultSetHeader, RowDataPacket, Tx } from '@onsale/database';
import type { AttemptId, RefundState } from '../rules/index.ts';
import { bytesOf, idOf } from './id-bytes.ts';

/** Table `refund`: money owed back from one payment. Driven by its outbox row; see rules/refund-verdict.ts for its states. */
export type RefundId = AttemptId & { readonly refundNo: number };
export type Refund = RefundId & {
  readonly amount: number;
  readonly reason: string;
  readonly state: RefundState;
  /** The payment's balance when the provider was first asked; null before that. */
  readonly balanceBefore: number | null;
  readonly asks: number;
  readonly keyNo: number;
  readonly lastWasError: boolean;
  readonly lastCode: string | null;
  /** The provider refused for good: a person must look. */
  readonly attention: boolean;
};

const COLUMNS = 'order_id, n, refund_no, amount, reason, state, balance_before, asks, key_no, last_was_error, last_code, attention';
const REASON_MAX = 200;
const CODE_MAX = 100;

/** One per refund and asking. Design: key `refund:{attempt}`, here with the refund's number, for a payment may be refunded in parts. */
export const refundKey = (
  providerOrderId: string, { refundNo, keyNo }: Pick<Refund, 'refundNo' | 'keyNo'>,
): string => `refund:${providerOrderId}:${refundNo}:${keyNo}`;

/** Writes what is owed, numbered after the refunds that are there. The caller holds the lock of the payment's order or row. */
export async function insertRefund(tx: Tx, { order, n }: AttemptId, amount: number, reason: string): Promise<RefundId> {
  const [rows] = await tx.query<RowDataPacket[]>(
    'SELECT COALESCE(MAX(refund_no), 0) + 1 AS next FROM refund WHERE order_id = ? AND n = ?', [bytesOf(order), n],
  );
  const refundNo = Number((rows[0] as RowDataPacket)['next']);
  await tx.query(
    `INSERT INTO refund (order_id, n, refund_no, amount, reason, state, asks, key_no, last_was_error, attention, made_at)
     VALUES (?, ?, ?, ?, ?, 'due', 0, 1, FALSE, FALSE, NOW(3))`,
    [bytesOf(order), n, refundNo, amount, reason.slice(0, REASON_MAX)],
  );
  return { order, n, refundNo };
}

export async function lockRefund(tx: Tx, { order, n, refundNo }: RefundId): Promise<Refund | undefined> {
  const [rows] = await tx.query<RowDataPacket[]>(
    `SELECT ${COLUMNS} FROM refund WHERE order_id = ? AND n = ? AND refund_no = ? FOR UPDATE`, [bytesOf(order), n, refundNo],
  );
  return rows[0] === undefined ? undefined : refundOf(rows[0]);
}

export async function refundsOf(session: Queryable, order: OpaqueId): Promise<readonly Refund[]> {
  const [rows] = await session.query<RowDataPacket[]>(`SELECT ${COLUMNS} FROM refund WHERE order_id = ? ORDER BY n, refund_no`, [bytesOf(order)]);
  return rows.map(refundOf);
}

/** Before the provider is asked: fixes the balance that the first asking saw, counts, and takes a new key when told. */
export async function startRefund(tx: Tx, { order, n, refundNo }: RefundId, start: { readonly balance: number; readonly newKey: boolean }): Promise<void> {
  await tx.query(
    `UPDATE refund SET balance_before = COALESCE(balance_before, ?), asks = LEAST(asks + 1, 65535), key_no = LEAST(key_no + ?, 65535), last_was_error = FALSE
     WHERE order_id = ? AND n = ? AND refund_no = ? AND state = 'due'`,
    [start.balance, start.newKey ? 1 : 0, bytesOf(order), n, refundNo],
  );
}

export async function noteRefund(
  session: Queryable, { order, n, refundNo }: RefundId, word: { readonly error: boolean; readonly code: string | null; readonly attention: boolean },
): Promise<void> {
  await session.query(
    `UPDATE refund SET last_was_error = ?, last_code = COALESCE(?, last_code), attention = ? WHERE order_id = ? AND n = ? AND refund_no = ? AND state = 'due'`,
    [word.error, word.code?.slice(0, CODE_MAX) ?? null, word.attention, bytesOf(order), n, refundNo],
  );
}

/** due → done; false when somebody else was first. */
export async function finishRefund(tx: Tx, { order, n, refundNo }: RefundId, transactionKey: string | null): Promise<boolean> {
  const [written] = await tx.query<ResultSetHeader>(
    `UPDATE refund SET state = 'done', done_at = NOW(3), transaction_key = ?, attention = FALSE
     WHERE order_id = ? AND n = ? AND refund_no = ? AND state = 'due'`,
    [transactionKey !== null && /^[\x21-\x7e]{1,64}$/.test(transactionKey) ? transactionKey : null, bytesOf(order), n, refundNo],
  );
  return written.affectedRows === 1;
}

const refundOf = (row: RowDataPacket): Refund => ({
  order: idOf(row['order_id'] as Buffer),
  n: row['n'] as number,
  refundNo: row['refund_no'] as number,
  amount: row['amount'] as number,
  reason: row['reason'] as string,
  state: row['state'] as RefundState,
  balanceBefore: row['balance_before'] as number | null,
  asks: row['asks'] as number,
  keyNo: row['key_no'] as number,
  lastWasError: Boolean(row['last_was_error']),
  lastCode: row['last_code'] as string | null,
  attention: Boolean(row['attention']),
});
