import type { ShowId } from '@onsale/kernel';
import type { Queryable } from '@onsale/database';
import type { SeatCommand } from '../rules/command.ts';
import { readArrays } from './lock-rows.ts';
import { idOf } from './sql-text.ts';

export type ExpireCommand = Extract<SeatCommand, { readonly kind: 'expire' }>;
export const EXPIRY_BATCH_MAX = 1_000;

/** Live holds whose time is over, as commands for the engine, oldest first, at most `limit`. Not locked: the engine decides. */
export async function findExpired(session: Queryable, limit: number = EXPIRY_BATCH_MAX): Promise<readonly ExpireCommand[]> {
  const sql = "SELECT show_id, id FROM hold WHERE state = 'live' AND until_at <= NOW(3) ORDER BY until_at LIMIT ?";
  const rows = await readArrays<[ShowId, Buffer]>(session, sql, [limit]);
  return rows.map(([show, id]) => ({ kind: 'expire', show, hold: idOf(id) }));
}

const DELTA_KEPT_MIN = 10;
/** Deletes deltas older than 10 minutes, at most `limit`; readers that are further behind reload. Returns how many. */
export async function pruneDeltas(session: Queryable, show: ShowId, limit: number): Promise<number> {
  const sql = `DELETE FROM seat_delta WHERE show_id = ? AND at < NOW(3) - INTERVAL ${DELTA_KEPT_MIN} MINUTE ORDER BY version LIMIT ?`;
  const [result] = await session.query(sql, [show, limit]);
  return (result as unknown as { affectedRows: number }).affectedRows;
}
