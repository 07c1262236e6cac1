import { inTransaction, type Pool, type Queryable } from '@onsale/database';
import { and, drizzleOn, eq, isNull, sql } from '@onsale/database/drizzle';
import { room as rooms, roomReport } from '@onsale/database/schema/control';
import type { RoomId } from '@onsale/kernel';
import { listActs } from './audit.ts';

/**
 * What became of a room that is over: closed, and nobody in it holds a slot. One report an epoch; while it stands the room is nobody's work, and
 * a restart (a new epoch) makes it living again.
 *
 *   closed, no slot in use ──► reported ── a day later, gone from Redis ──► left
 *                                └── Redis has it otherwise (it lost its tail) ──► withdrawn: living again
 */
export type RoomFigures = {
  readonly joined: number;
  readonly peakWaiting: number;
  readonly called: number;
  readonly missed: number;
  readonly entered: number;
  readonly redeemed: number;
  readonly finished: number;
  readonly left: number;
  readonly lapsed: number;
  readonly revoked: number;
  /** Still in line when all was over: the room closed before their turn. */
  readonly uncalled: number;
};
export type RoomReport = RoomFigures & {
  /** By the audit log; null where it does not say. */
  readonly openedAt: Date | null;
  readonly closedAt: Date | null;
  readonly reportedAt: Date;
  /** When its data had left Redis. */
  readonly leftAt: Date | null;
};
export type InEpoch = { readonly room: RoomId; readonly epoch: number };
/** A report whose room is still in Redis, and how long it has stood by the database's clock. */
export type StandingReport = InEpoch & { readonly ageMs: number };

type Kept = RoomFigures & { readonly openedAt: string | null; readonly closedAt: string | null };

/** The report on a room's present epoch, for a join with `room`. */
export const PRESENT_REPORT = and(eq(roomReport.room, rooms.room), eq(roomReport.epoch, rooms.epoch));

/** Written once; `not-closed`: the room is not closed in this epoch as MySQL has it. */
export async function writeRoomReport(
  pool: Pool, { room, epoch, figures }: InEpoch & { readonly figures: RoomFigures },
): Promise<'reported' | 'again' | 'not-closed'> {
  return inTransaction(pool, { isolation: 'read committed' }, async (tx) => {
    const database = drizzleOn(tx);
    // Whoever restarts the room locks the same row.
    const [row] = await database.select({ phase: rooms.phase, epoch: rooms.epoch }).from(rooms).where(eq(rooms.room, room)).for('update');
    if (row?.phase !== 'closed' || row.epoch !== epoch) return 'not-closed';
    const [present] = await database.select({ room: roomReport.room }).from(roomReport).where(of({ room, epoch }));
    if (present !== undefined) return 'again';
    const report: Kept = { ...figures, ...(await timesOf(tx, room)) };
    await database.insert(roomReport).values({ room, epoch, reportedAt: sql`NOW(3)`, leftAt: null, report });
    return 'reported';
  });
}

/** The room is not over after all. A room that has left Redis stays so. */
export async function withdrawRoomReport(database: Queryable, report: InEpoch): Promise<void> {
  await drizzleOn(database).delete(roomReport).where(and(of(report), isNull(roomReport.leftAt)));
}

/** Redis holds nothing of the room any more. */
export async function markRoomLeft(database: Queryable, report: InEpoch): Promise<void> {
  await drizzleOn(database).update(roomReport).set({ leftAt: sql`NOW(3)` }).where(and(of(report), isNull(roomReport.leftAt)));
}

/** Reports on present epochs whose rooms are still in Redis. */
export async function listStandingReports(database: Queryable): Promise<StandingReport[]> {
  const ageUs = sql<string | number>`TIMESTAMPDIFF(MICROSECOND, ${roomReport.reportedAt}, NOW(3))`;
  const rows = await drizzleOn(database).select({ room: roomReport.room, epoch: roomReport.epoch, ageUs })
    .from(roomReport).innerJoin(rooms, PRESENT_REPORT).where(isNull(roomReport.leftAt));
  return rows.map(({ room, epoch, ageUs: age }) => ({ room: room as RoomId, epoch, ageMs: Number(age) / 1_000 }));
}

/** The report on a room's epoch. */
export async function readRoomReport(database: Queryable, report: InEpoch): Promise<RoomReport | undefined> {
  const [row] = await drizzleOn(database).select().from(roomReport).where(of(report));
  return row === undefined ? undefined : reportOf(row);
}

/** The reports on all present epochs. */
export async function listRoomReports(database: Queryable): Promise<ReadonlyMap<RoomId, RoomReport>> {
  const rows = await drizzleOn(database).select({ row: roomReport }).from(rooms).innerJoin(roomReport, PRESENT_REPORT);
  return new Map(rows.map(({ row }) => [row.room as RoomId, reportOf(row)]));
}

const of = ({ room, epoch }: InEpoch) => and(eq(roomReport.room, room), eq(roomReport.epoch, epoch));

function reportOf({ report, reportedAt, leftAt }: typeof roomReport.$inferSelect): RoomReport {
  const { openedAt, closedAt, ...figures } = report as Kept;
  const dateOf = (text: string | null): Date | null => (text === null ? null : new Date(text));
  return { ...figures, openedAt: dateOf(openedAt), closedAt: dateOf(closedAt), reportedAt, leftAt };
}

/** When the room opened and closed, as the latest acts on it say; what was before a restart is of another epoch. */
async function timesOf(database: Queryable, room: RoomId): Promise<Pick<Kept, 'openedAt' | 'closedAt'>> {
  const acts = await listActs(database, { subject: `room:${room}` });
  const since = acts.findIndex(({ action }) => action === 'room.restart' || action === 'room.make');
  const ofEpoch = since < 0 ? acts : acts.slice(0, since + 1);
  const closed = ofEpoch.find(({ after }) => after?.['phase'] === 'closed');
  const opened = ofEpoch.findLast(({ after }) => after?.['phase'] === 'open');
  return { openedAt: opened?.at.toISOString() ?? null, closedAt: closed?.at.toISOString() ?? null };
}
