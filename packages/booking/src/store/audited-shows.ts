import type { Queryable } from '@onsale/database';
import type { ShowId } from '@onsale/kernel';
import { readArrays } from './lock-rows.ts';

/** A show as the auditor looks at it. `isOnSale`: its rows may change now, or did in the last hour. */
export type AuditedShow = { readonly show: ShowId; readonly isOnSale: boolean };
const PAGE = 1_000;

/** Every show there is, in order. */
export async function listAuditedShows(session: Queryable): Promise<AuditedShow[]> {
  const all: AuditedShow[] = [];
  const sql = `SELECT show_id, opens_at <= NOW(3) + INTERVAL 1 HOUR AND closes_at >= NOW(3) - INTERVAL 1 HOUR FROM show_sale
    WHERE show_id > ? ORDER BY show_id LIMIT ${PAGE}`;
  for (let after = ''; ;) {
    const rows = await readArrays<[string, number]>(session, sql, [after]);
    for (const [show, onSale] of rows) all.push({ show: show as ShowId, isOnSale: onSale === 1 });
    if (rows.length < PAGE) return all;
    after = (rows.at(-1) as [string, number])[0];
  }
}
