import type { Currency, OpaqueId } from '@onsale/kernel';
import { gathered, type Queryable, type ResultSetHeader, type RowDataPacket, type Tx } from '@onsale/database';
import type { AttemptId, ProviderPayment } from '../rules/index.ts';
import { bytesOf, idOf } from './id-bytes.ts';

/** Table `payment`: captured money, one row for each attempt that ever captured. */
export type Payment = AttemptId & {
  readonly paymentKey: string;
  readonly providerOrderId: string;
  readonly amount: number;
  /** What the provider has given back; never more than the amount. */
  readonly refunded: number;
  readonly currency: Currency;
  readonly method: string | null;
  readonly receiptUrl: string | null;
};

const METHOD_MAX = 40;

/** Text for an ASCII column of `max` characters, or null: a provider's oddity must not undo the capture it belongs to. */
const asciiOrNull = (text: string | null, max: number): string | null => (text !== null && text.length <= max && /^[\x21-\x7e]*$/.test(text) ? text : null);

/**
 * Writes down captured money, in the transaction that decides what becomes of it. The primary key proves that an attempt
 * is counted once. What the provider has already given back by other hands is counted as refunded.
 */
export const insertPayment = (tx: Tx, attempt: AttemptId, payment: ProviderPayment): Promise<void> => insertGathered(tx, { attempt, payment });

const insertGathered = gathered<Tx, { readonly attempt: AttemptId; readonly payment: ProviderPayment }, void>(async (tx, captured) => {
  const places = captured.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3))').join(', ');
  await tx.query(
    `INSERT INTO payment (order_id, n, payment_key, provider_order_id, amount, refunded, currency, method, transaction_key, secret, receipt_url,
       approved_at, captured_at)
     VALUES ${places}`,
    captured.flatMap(({ attempt: { order, n }, payment }) => [
      bytesOf(order), n, payment.paymentKey, payment.orderId, payment.totalAmount, payment.totalAmount - payment.balanceAmount, payment.currency,
      payment.method?.slice(0, METHOD_MAX) ?? null, asciiOrNull(payment.lastTransactionKey, 64), asciiOrNull(payment.secret, 50),
      asciiOrNull(payment.receiptUrl, 500), asciiOrNull(payment.approvedAt, 40),
    ]),
  );
  return captured.map(() => undefined);
});

const COLUMNS = 'order_id, n, payment_key, provider_order_id, amount, refunded, currency, method, receipt_url';

export async function paymentsOf(session: Queryable, order: OpaqueId): Promise<readonly Payment[]> {
  const [rows] = await session.query<RowDataPacket[]>(`SELECT ${COLUMNS} FROM payment WHERE order_id = ? ORDER BY n`, [bytesOf(order)]);
  return rows.map(paymentOf);
}

/** Locks the row (waits): refunds of one payment follow each other behind it. */
export async function lockPayment(tx: Tx, { order, n }: AttemptId): Promise<(Payment & { readonly sinceCancelMs: number | null }) | undefined> {
  const [rows] = await tx.query<RowDataPacket[]>(
    `SELECT ${COLUMNS}, TIMESTAMPDIFF(MICROSECOND, cancelled_at, NOW(3)) AS since_cancel FROM payment WHERE order_id = ? AND n = ? FOR UPDATE`,
    [bytesOf(order), n],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return { ...paymentOf(row), sinceCancelMs: row['since_cancel'] === null ? null : Number(row['since_cancel']) / 1_000 };
}

/** The provider is about to be asked to cancel, or has been: the next cancel of this payment keeps its distance. */
export async function noteCancel(tx: Tx, { order, n }: AttemptId): Promise<void> {
  await tx.query('UPDATE payment SET cancelled_at = NOW(3) WHERE order_id = ? AND n = ?', [bytesOf(order), n]);
}

/** Adds `amount` to what has gone back. The CHECK of the table refuses more than was captured. */
export async function addRefunded(tx: Tx, { order, n }: AttemptId, amount: number): Promise<void> {
  const [written] = await tx.query<ResultSetHeader>(
    'UPDATE payment SET refunded = refunded + ?, cancelled_at = NOW(3) WHERE order_id = ? AND n = ?', [amount, bytesOf(order), n],
  );
  if (written.affectedRows !== 1) throw new Error('a refund of a payment that is not there');
}

/** For B3: captured and given back of each order that ever captured, in order of ids, after `after`. */
export type OrderMoney = { readonly order: OpaqueId; readonly captured: number; readonly refunded: number; readonly owed: number };
export async function moneyOfOrders(
  session: Queryable, { after, limit }: { readonly after: OpaqueId | null; readonly limit: number },
): Promise<readonly OrderMoney[]> {
  const [rows] = await session.query<RowDataPacket[]>(
    `SELECT paid.order_id AS id, paid.captured, paid.refunded,
       COALESCE((SELECT SUM(refund.amount) FROM refund WHERE refund.order_id = paid.order_id AND refund.state = 'due'), 0) AS owed
     FROM (
       SELECT order_id, SUM(amount) AS captured, SUM(refunded) AS refunded
       FROM payment WHERE order_id > ? GROUP BY order_id ORDER BY order_id LIMIT ${Math.trunc(limit)}
     ) AS paid
     ORDER BY paid.order_id`,
    [after === null ? Buffer.alloc(0) : bytesOf(after)],
  );
  return rows.map(
    (row) => ({ order: idOf(row['id'] as Buffer), captured: Number(row['captured']), refunded: Number(row['refunded']), owed: Number(row['owed']) }),
  );
}

/** Those of the orders that ever captured money. */
export async function ordersWithMoney(session: Queryable, orders: readonly OpaqueId[]): Promise<ReadonlySet<OpaqueId>> {
  if (orders.length === 0) return new Set();
  const [rows] = await session.query<RowDataPacket[]>('SELECT DISTINCT order_id FROM payment WHERE order_id IN (?)', [orders.map(bytesOf)]);
  return new Set(rows.map((row) => idOf(row['order_id'] as Buffer)));
}

const paymentOf = (row: RowDataPacket): Payment => ({
  order: idOf(row['order_id'] as Buffer),
  n: row['n'] as number,
  paymentKey: row['payment_key'] as string,
  providerOrderId: row['provider_order_id'] as string,
  amount: row['amount'] as number,
  refunded: row['refunded'] as number,
  currency: row['currency'] as Currency,
  method: row['method'] as string | null,
  receiptUrl: row['receipt_url'] as string | null,
});
