import type { ShowId } from '@onsale/kernel';
import type { Pool, ResultSetHeader } from '@onsale/database';

const ROWS_PER_STATEMENT = 5_000;
const STATEMENTS_MAX = 10_000;

/**
 * Forgets the payments of a show, for demonstrations and rehearsals; money of real sales is never forgotten. Small statements, so that no
 * lock lasts; attempts go last, for they say which payments are the show's.
 */
export async function erasePayments(pool: Pool, show: ShowId): Promise<void> {
  const ofShow = 'order_id IN (SELECT order_id FROM payment_attempt WHERE show_id = ?)';
  for (const where of [`refund WHERE ${ofShow}`, `payment WHERE ${ofShow}`, 'payment_attempt WHERE show_id = ?']) {
    for (let statement = 0; statement < STATEMENTS_MAX; statement += 1) {
      const [{ affectedRows }] = await pool.query<ResultSetHeader>(`DELETE FROM ${where} LIMIT ${ROWS_PER_STATEMENT}`, [show]);
      if (affectedRows < ROWS_PER_STATEMENT) break;
    }
  }
}
