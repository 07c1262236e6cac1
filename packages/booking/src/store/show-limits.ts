import type { Queryable, Tx } from '@onsale/database';
import type { ShowId } from '@onsale/kernel';
import type { Bilingual } from '../rules/layout.ts';
import type { SeatLimits } from '../rules/seat-limit.ts';
import { readArrays } from './lock-rows.ts';
import { jsonOf } from './sql-text.ts';

/** The limits of a show that operators change while it is sold. Every booking process rereads them within a second. */
export type OperatedLimits = Pick<SeatLimits, 'idleSessionMs' | 'attemptsPerSession'>;
export type OperatedShow = OperatedLimits & { readonly show: ShowId; readonly eventName: Bilingual };

const SELECT = 'SELECT show_id, event_name, idle_session_ms, attempts_per_session FROM show_sale WHERE show_id IN (?)';
type Columns = [show: ShowId, eventName: unknown, idleSessionMs: number, attemptsPerSession: number];
const showOf = ([show, eventName, idleSessionMs, attemptsPerSession]: Columns): OperatedShow =>
  ({ show, eventName: jsonOf<Bilingual>(eventName), idleSessionMs, attemptsPerSession });

/** In the order of their ids; those that are not published are left out. */
export async function readOperatedShows(database: Queryable, shows: readonly ShowId[]): Promise<OperatedShow[]> {
  return shows.length === 0 ? [] : (await readArrays<Columns>(database, `${SELECT} ORDER BY show_id`, [shows])).map(showOf);
}

/**
 * Sets what the patch names; undefined: no such show. Of two who change one show at once the second sees the first one's values as `before`.
 * A session that has made more attempts than a lowered limit makes no more; what it has done stays lawful (`attempts_most`). A session's
 * look for idleness that is set already stays: a shorter time reaches it then.
 */
export async function changeOperatedLimits(
  tx: Tx, show: ShowId, patch: Partial<OperatedLimits>,
): Promise<{ readonly before: OperatedShow; readonly after: OperatedShow } | undefined> {
  const [row] = await readArrays<Columns>(tx, `${SELECT} FOR UPDATE`, [[show]]);
  if (row === undefined) return undefined;
  const before = showOf(row);
  const after = { ...before, ...patch };
  const sql = `UPDATE show_sale SET attempts_most = GREATEST(attempts_most, ?, ?), idle_session_ms = ?, attempts_per_session = ? WHERE show_id = ?`;
  await tx.query(sql, [before.attemptsPerSession, after.attemptsPerSession, after.idleSessionMs, after.attemptsPerSession, show]);
  return { before, after };
}
