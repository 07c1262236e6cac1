import type { Queryable } from '@onsale/database';
import { drizzleOn, eq, isNull, sql } from '@onsale/database/drizzle';
import { auditLook, room as rooms, roomReport } from '@onsale/database/schema/control';
import type { RoomId } from '@onsale/kernel';
import { PRESENT_REPORT } from './room-reports.ts';

/** Marks that the auditor has looked at these rooms' journals, and that what it found is recorded. */
export async function recordLooks(database: Queryable, looked: readonly RoomId[]): Promise<void> {
  if (looked.length === 0) return;
  const rows = looked.map((room) => ({ room, at: sql`NOW(3)` }));
  await drizzleOn(database).insert(auditLook).values(rows).onDuplicateKeyUpdate({ set: { at: sql`VALUES(at)` } });
}

/** How long ago each room was looked at, in ms by the database's clock; null: never. */
export type RoomLook = { readonly room: RoomId; readonly ageMs: number | null };

/** Of every room that is not over: the journal of one that is has been judged to its end. */
export async function listLooks(database: Queryable): Promise<RoomLook[]> {
  const ageUs = sql<string | number | null>`TIMESTAMPDIFF(MICROSECOND, ${auditLook.at}, NOW(3))`;
  const rows = await drizzleOn(database).select({ room: rooms.room, ageUs }).from(rooms)
    .leftJoin(auditLook, eq(auditLook.room, rooms.room)).leftJoin(roomReport, PRESENT_REPORT).where(isNull(roomReport.room));
  return rows.map(({ room, ageUs: age }) => ({ room: room as RoomId, ageMs: age === null ? null : Math.max(0, Number(age) / 1_000) }));
}
