import type { RoomId, ShowId } from '@onsale/kernel';
import type { Pool, ResultSetHeader } from '@onsale/database';
import { readArrays } from './lock-rows.ts';

/** Ends every session of a room that still lasts: what a sale that is started over does first. Their fans go back to the line. */
export async function endSessionsOf(pool: Pool, room: RoomId): Promise<void> {
  await pool.query(
    `INSERT INTO session_end (sid, reason, at) SELECT sid, 'revoked', NOW(3) FROM entry_session WHERE room = ? AND until_at > NOW(3)
      ON DUPLICATE KEY UPDATE sid = VALUES(sid)`,
    [room],
  );
}

const ROWS_PER_STATEMENT = 5_000;
/** 200,000 seats and their holds fit many times over. */
const STATEMENTS_MAX = 10_000;

/**
 * Forgets a show with all its holds, orders and tickets, for demonstrations and rehearsals; real sales are never erased. Small statements,
 * so that no lock lasts. The clock stays: publishing the show again goes on from its version, and processes that knew the old seats notice.
 */
export async function eraseShow(pool: Pool, show: ShowId): Promise<void> {
  const [sale] = await readArrays<[string, number]>(
    pool,
    'SELECT event_id, (SELECT COUNT(*) FROM show_sale o WHERE o.event_id = s.event_id) FROM show_sale s WHERE show_id = ?',
    [show],
  );
  const erase = async (sql: string, value: string): Promise<void> => {
    for (let statement = 0; statement < STATEMENTS_MAX; statement += 1) {
      const [{ affectedRows }] = await pool.query<ResultSetHeader>(`${sql} LIMIT ${ROWS_PER_STATEMENT}`, [value]);
      if (affectedRows < ROWS_PER_STATEMENT) return;
    }
  };
  // Terms first: a show without them is not sold while the rest goes.
  for (const table of ['show_sale', 'show_layout', 'show_grade', 'ticket', 'order_line', 'ticket_order', 'hold', 'seat', 'seat_delta', 'seat_lapse']) {
    await erase(`DELETE FROM ${table} WHERE show_id = ?`, show);
  }
  await erase('DELETE FROM allowance WHERE scope_id = ?', `show/${show}`);
  if (sale !== undefined && sale[1] === 1) await erase('DELETE FROM allowance WHERE scope_id = ?', `event/${sale[0]}`);
}
