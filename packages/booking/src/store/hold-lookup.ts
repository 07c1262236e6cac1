import type { OpaqueId, ShowId } from '@onsale/kernel';
import type { Pool, Queryable } from '@onsale/database';
import type { HoldRow, HoldView } from '../rules/hold.ts';
import { HOLD_COLUMNS, holdOf, readArrays, type HoldColumns } from './lock-rows.ts';
import { bytesOf, chunksOf, hexList } from './sql-text.ts';

/**
 * Reads holds without locking them, so that a command knows which rows to lock. Callers of one turn share a statement. What it finds may
 * have changed when the locks are taken: the engine then sees a row missing from its set and tries again with what it read under lock.
 */
export type HoldLookup = (show: ShowId, id: OpaqueId) => Promise<HoldRow | undefined>;

export function createHoldLookup(pool: Pool): HoldLookup {
  const waiting = new Map<ShowId, Map<OpaqueId, { readonly resolve: (row: HoldRow | undefined) => void; readonly reject: (error: unknown) => void }[]>>();

  const readAll = async (): Promise<void> => {
    const batches = [...waiting];
    waiting.clear();
    await Promise.all(batches.flatMap(([show, callers]) => chunksOf([...callers]).map((chunk) => answer(show, chunk))));
  };
  const answer = async (
    show: ShowId,
    callers: readonly (readonly [OpaqueId, readonly { resolve: (row: HoldRow | undefined) => void; reject: (error: unknown) => void }[]])[],
  ): Promise<void> => {
    try {
      const found = await readHolds(pool, show, callers.map(([id]) => id));
      for (const [id, all] of callers) for (const { resolve } of all) resolve(found.get(id));
    } catch (error) {
      for (const [, all] of callers) for (const { reject } of all) reject(error);
    }
  };
  return (show, id) =>
    new Promise((resolve, reject) => {
      if (waiting.size === 0) setImmediate(() => void readAll());
      const ofShow = waiting.get(show) ?? new Map<OpaqueId, { resolve: (row: HoldRow | undefined) => void; reject: (error: unknown) => void }[]>();
      waiting.set(show, ofShow);
      ofShow.set(id, [...(ofShow.get(id) ?? []), { resolve, reject }]);
    });
}

async function readHolds(session: Queryable, show: ShowId, ids: readonly OpaqueId[]): Promise<Map<OpaqueId, HoldRow>> {
  const rows = await readArrays<HoldColumns>(session, `SELECT ${HOLD_COLUMNS} FROM hold WHERE show_id = ? AND id IN (?)`, [show, hexList(ids)]);
  return new Map(rows.map((row) => holdOf(row)).map((row) => [row.id, row]));
}

/** One hold as its owner sees it; undefined when there is none or it is another person's. */
export async function readHold(session: Queryable, show: ShowId, id: OpaqueId, person?: OpaqueId): Promise<HoldView | undefined> {
  const row = (await readHolds(session, show, [id])).get(id);
  return row === undefined || (person !== undefined && row.person !== person) ? undefined : viewOf(show, row);
}

const HOLDS_OF_SESSION_MAX = 100;
/** Holds of an entry session in this show that own seats, newest first: what `GET …/holds/mine` shows. */
export async function holdsOfSession(session: Queryable, show: ShowId, sid: OpaqueId): Promise<readonly HoldView[]> {
  const sql = `SELECT ${HOLD_COLUMNS} FROM hold WHERE show_id = ? AND session = ? AND state IN ('live', 'confirming', 'settled')
    ORDER BY made_at DESC LIMIT ${HOLDS_OF_SESSION_MAX}`;
  const rows = await readArrays<HoldColumns>(session, sql, [show, bytesOf(sid)]);
  return rows.map(holdOf).filter((row) => !(row.state === 'live' && row.expired)).map((row) => viewOf(show, row));
}

const viewOf = (show: ShowId, { id, person, state, seats, leftMs, awaiting, order, attempt }: HoldRow): HoldView => ({
  id, show, person, state, seats, order, attempt,
  remainingMs: state === 'live' || (state === 'confirming' && awaiting) ? Math.max(0, leftMs) : 0,
});
