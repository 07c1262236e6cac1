import type { ShowId } from '@onsale/kernel';
import type { Queryable } from '@onsale/database';
import type { SeatCommand } from '../rules/command.ts';
import { readArrays } from './lock-rows.ts';
import { idOf } from './sql-text.ts';

export type ExpireCommand = Extract<SeatCommand, { readonly kind: 'expire' }>;
export const EXPIRY_BATCH_MAX = 1_000;

/** Live holds whose time is over, as commands for the engine, oldest first, at most `limit` after the first `skip`. Not locked: the engine decides. */
export async function findExpired(session: Queryable, limit: number = EXPIRY_BATCH_MAX, skip = 0): Promise<readonly ExpireCommand[]> {
  const sql = "SELECT show_id, id FROM hold WHERE state = 'live' AND until_at <= NOW(3) ORDER BY until_at LIMIT ? OFFSET ?";
  const rows = await readArrays<[ShowId, Buffer]>(session, sql, [limit, skip]);
  return rows.map(([show, id]) => ({ kind: 'expire', show, hold: idOf(id) }));
}
