import { inTransaction, keptMsOf, type Pool, type Queryable, type ResultSetHeader } from '@onsale/database';
import { ATTEMPTS_SCOPE, eventScope, ORDERS_SCOPE, showScope } from '../rules/seat-limit.ts';
import type { ShowId } from '@onsale/kernel';
import { readArrays } from './lock-rows.ts';

/*
 * What leaves booking's tables, and when: `TABLES` of @onsale/database says it. Each function deletes at most about `limit` rows, in the order of an
 * index, and gives how many; less than `limit` means that nothing more is due. They lock nothing that a living sale writes.
 */
const agoOf = (table: Parameters<typeof keptMsOf>[0]): string => `NOW(3) - INTERVAL ${keptMsOf(table) * 1_000} MICROSECOND`;

export async function pruneDeltas(database: Queryable, limit: number): Promise<number> {
  return removed(database, `DELETE FROM seat_delta WHERE at < ${agoOf('seat_delta')} ORDER BY at LIMIT ?`, [limit]);
}

/** Holds that were given back or expired; settled ones own their seats. */
export async function pruneHolds(database: Queryable, limit: number): Promise<number> {
  let count = 0;
  for (const state of ['released', 'expired']) {
    const sql = `DELETE FROM hold WHERE state = ? AND until_at < ${agoOf('hold')} ORDER BY until_at LIMIT ?`;
    count += await removed(database, sql, [state, limit - count]);
    if (count >= limit) break;
  }
  return count;
}

/** Sessions that are over, with their counters; in the lock order of the engine, allowance first. */
export async function pruneSessions(pool: Pool, limit: number): Promise<number> {
  return inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
    const due = `SELECT sid FROM entry_session WHERE until_at < ${agoOf('entry_session')} ORDER BY until_at LIMIT ? FOR UPDATE SKIP LOCKED`;
    const sids = (await readArrays<[Buffer]>(tx, due, [limit])).map(([sid]) => sid);
    if (sids.length === 0) return 0;
    await tx.query('DELETE FROM allowance WHERE scope_id IN (?) AND person IN (?)', [[ATTEMPTS_SCOPE, ORDERS_SCOPE], sids]);
    await tx.query('DELETE FROM entry_session WHERE sid IN (?)', [sids]);
    return sids.length;
  });
}

export async function pruneLapses(database: Queryable, limit: number): Promise<number> {
  return removed(database, `DELETE FROM seat_lapse WHERE at < ${agoOf('seat_lapse')} ORDER BY at LIMIT ?`, [limit]);
}

export async function pruneSessionEnds(database: Queryable, limit: number): Promise<number> {
  return removed(database, `DELETE FROM session_end WHERE at < ${agoOf('session_end')} ORDER BY at LIMIT ?`, [limit]);
}

/** Of one show after another whose sale is long over: counters of persons who hold nothing. The last piece marks the show as tidied. */
export async function pruneAllowances(pool: Pool, limit: number): Promise<number> {
  const over = agoOf('allowance');
  const [show] = await readArrays<[ShowId, string]>(
    pool, `SELECT show_id, event_id FROM show_sale WHERE tidied_at IS NULL AND closes_at < ${over} ORDER BY closes_at LIMIT 1`, [],
  );
  if (show === undefined) return 0;
  const [showId, event] = show;
  const isLast = `NOT EXISTS (SELECT 1 FROM show_sale o WHERE o.event_id = ? AND o.closes_at >= ${over})`;
  const [[last] = [0]] = await readArrays<[number]>(pool, `SELECT ${isLast}`, [event]);
  for (const scope of [showScope(showId), ...(last === 1 ? [eventScope(event)] : [])]) {
    const count = await removed(pool, 'DELETE FROM allowance WHERE scope_id = ? AND live = 0 LIMIT ?', [scope, limit]);
    if (count > 0) return limit; // Perhaps there are more.
  }
  await pool.query('UPDATE show_sale SET tidied_at = NOW(3) WHERE show_id = ?', [showId]);
  return limit;
}

async function removed(database: Queryable, sql: string, values: readonly (string | number)[]): Promise<number> {
  const [{ affectedRows }] = await database.query<ResultSetHeader>(sql, values);
  return affectedRows;
}
