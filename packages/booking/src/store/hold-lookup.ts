import type { OpaqueId, ShowId } from '@onsale/kernel';
import { gathered, type Queryable } from '@onsale/database';
import type { HoldRow, HoldView } from '../rules/hold.ts';
import { HOLD_COLUMNS, holdOf, readArrays, type HoldColumns } from './lock-rows.ts';
import { bytesOf, hexList } from './sql-text.ts';

/**
 * Reads holds without locking them, so that a command knows which rows to lock. What it finds may have changed when the locks are taken: the
 * engine then sees a row missing from its set and tries again with what it read under lock.
 */
export const lookUpHold = gathered<Queryable, HoldName, HoldRow | undefined>(async (session, names) => {
  const found = new Map<string, HoldRow>();
  for (const [show, ofShow] of Map.groupBy(names, (name) => name.show)) {
    const rows = await readArrays<HoldColumns>(
      session, `SELECT ${HOLD_COLUMNS} FROM hold WHERE show_id = ? AND id IN (?)`, [show, hexList(ofShow.map(({ id }) => id))],
    );
    for (const row of rows.map(holdOf)) found.set(`${show} ${row.id}`, row);
  }
  return names.map(({ show, id }) => found.get(`${show} ${id}`));
});
export type HoldName = { readonly show: ShowId; readonly id: OpaqueId };

/** One hold as its owner sees it; undefined when there is none or it is another person's. */
export async function readHold(session: Queryable, show: ShowId, id: OpaqueId, person?: OpaqueId): Promise<HoldView | undefined> {
  const row = await lookUpHold(session, { show, id });
  return row === undefined || (person !== undefined && row.person !== person) ? undefined : viewOf(show, row);
}

/** The living holds of an entry session in this show, newest first, `max` at most: what `GET …/holds/mine` shows. */
export async function holdsOfSession(session: Queryable, show: ShowId, sid: OpaqueId, max: number): Promise<readonly HoldView[]> {
  const sql = `SELECT ${HOLD_COLUMNS} FROM hold WHERE show_id = ? AND session = ? AND state IN ('live', 'confirming')
    ORDER BY made_at DESC LIMIT ?`;
  const rows = await readArrays<HoldColumns>(session, sql, [show, bytesOf(sid), max]);
  return rows.map(holdOf).filter((row) => !(row.state === 'live' && row.expired)).map((row) => viewOf(show, row));
}

const viewOf = (show: ShowId, { id, person, state, seats, leftMs, awaiting, order, attempt }: HoldRow): HoldView => ({
  id, show, person, state, seats, order, attempt,
  remainingMs: state === 'live' || (state === 'confirming' && awaiting) ? Math.max(0, leftMs) : 0,
});
