import { inTransaction, type Pool, type Queryable, type Tx } from '@onsale/database';
import { and, asc, drizzleOn, eq, gt, isNull } from '@onsale/database/drizzle';
import { room as rooms, roomReport } from '@onsale/database/schema/control';
import { ok, refuse, valueOf, type Result, type RoomId, type ShowId } from '@onsale/kernel';
import { changeSettings, checkSettings, differenceOf, type BadSetting, type PatchRefusal, type RoomPatch, type RoomSettings } from '../rules/room-settings.ts';
import { recordAct, type Act } from './audit.ts';
import { PRESENT_REPORT } from './room-reports.ts';

/** Rooms, durably. Every writer locks the room's row first; every change raises its version and leaves an audit record in the same commit. */
export type UnknownRoom = { readonly kind: 'unknown-room' };
/** `version`: the one in force. */
export type VersionConflict = { readonly kind: 'version-conflict'; readonly version: number };

/** Rooms a statement reads; all there are come page after page. */
const PAGE = 1_000;
const READ_COMMITTED = { isolation: 'read committed' } as const;

export async function readRoom(database: Queryable, room: RoomId): Promise<RoomSettings | undefined> {
  const [row] = await drizzleOn(database).select().from(rooms).where(eq(rooms.room, room));
  return row === undefined ? undefined : settingsOf(row);
}

/** Every room, by its name. */
export const listRooms = (database: Queryable): Promise<RoomSettings[]> =>
  inPages(async (after) => (await drizzleOn(database).select().from(rooms).where(gt(rooms.room, after)).orderBy(asc(rooms.room)).limit(PAGE)).map(settingsOf));

/** Every room that is not over, by its name: those without a report on their present epoch. */
export const listLivingRooms = (database: Queryable): Promise<RoomSettings[]> =>
  inPages(async (after) => {
    const rows = await drizzleOn(database).select({ row: rooms }).from(rooms).leftJoin(roomReport, PRESENT_REPORT)
      .where(and(gt(rooms.room, after), isNull(roomReport.room))).orderBy(asc(rooms.room)).limit(PAGE);
    return rows.map(({ row }) => settingsOf(row));
  });

/** The name of every room that was ever made, and whether it is over. */
export const listRoomNames = (database: Queryable): Promise<{ readonly room: RoomId; readonly isOver: boolean }[]> =>
  inPages(async (after) => {
    const rows = await drizzleOn(database).select({ room: rooms.room, reported: roomReport.epoch }).from(rooms).leftJoin(roomReport, PRESENT_REPORT)
      .where(gt(rooms.room, after)).orderBy(asc(rooms.room)).limit(PAGE);
    return rows.map(({ room, reported }) => ({ room: room as RoomId, isOver: reported !== null }));
  });

/** Page after page, each after the last name of the one before. */
async function inPages<Row extends { readonly room: RoomId }>(read: (after: string) => Promise<Row[]>): Promise<Row[]> {
  const all: Row[] = [];
  for (let after = ''; ;) {
    const page = await read(after);
    all.push(...page);
    if (page.length < PAGE) return all;
    after = (page.at(-1) as Row).room;
  }
}

/** Makes a room at the version and epoch given. */
export async function createRoom(pool: Pool, settings: RoomSettings, act: Act): Promise<Result<RoomSettings, BadSetting | { readonly kind: 'room-exists' }>> {
  const checked = checkSettings(settings);
  if (!checked.ok) return checked;
  return inTransaction(pool, READ_COMMITTED, async (tx) => {
    if ((await lockRoom(tx, settings.room)) !== undefined) return refuse({ kind: 'room-exists' });
    await drizzleOn(tx).insert(rooms).values(rowOf(settings));
    await recordAct(tx, { ...act, action: 'room.make', subject: subjectOf(settings.room), before: null, after: { ...settings } });
    return ok(settings);
  });
}

/**
 * `version`: the one the operator has seen (If-Match). `versionAtLeast`: what was put in force while the database was away has gone this
 * far; the change gets at least this version, also when the patch changes nothing.
 */
export type RoomChange = Act & { readonly room: RoomId; readonly version: number; readonly patch: RoomPatch; readonly versionAtLeast?: number };

/** Refusals in this order: unknown room, version, then those of `changeSettings`. A patch that changes nothing gives the settings as they are. */
export async function changeRoom(
  pool: Pool, { room, version, patch, versionAtLeast = 0, actor, cause }: RoomChange,
): Promise<Result<RoomSettings, UnknownRoom | VersionConflict | PatchRefusal>> {
  return inTransaction(pool, READ_COMMITTED, async (tx) => {
    const before = await lockRoom(tx, room);
    if (before === undefined) return refuse({ kind: 'unknown-room' });
    if (before.version !== version) return refuse({ kind: 'version-conflict', version: before.version });
    const changed = changeSettings(before, patch);
    if (!changed.ok || (changed.value === before && before.version >= versionAtLeast)) return changed;
    const after = { ...changed.value, version: Math.max(changed.value.version, versionAtLeast) };
    await save(tx, before, after, 'room.change', { actor, cause });
    return ok(after);
  });
}

/**
 * A new epoch after the room's data were lost: of any number of callers that saw `epoch`, one raises it; the others are told what is in
 * force. The version rises too, so that every process takes the new settings.
 */
export async function raiseEpoch(
  pool: Pool, { room, epoch, actor, cause }: Act & { readonly room: RoomId; readonly epoch: number },
): Promise<Result<{ readonly settings: RoomSettings; readonly raised: boolean }, UnknownRoom>> {
  return inTransaction(pool, READ_COMMITTED, async (tx) => {
    const before = await lockRoom(tx, room);
    if (before === undefined) return refuse({ kind: 'unknown-room' });
    if (before.epoch !== epoch) return ok({ settings: before, raised: false });
    const settings = valueOf(checkSettings({ ...before, epoch: before.epoch + 1, version: before.version + 1 }));
    await save(tx, before, settings, 'room.epoch', { actor, cause });
    return ok({ settings, raised: true });
  });
}

/**
 * Starts a room over: for demonstrations and rehearsals, whose line is thrown away. Phases are not asked; version and epoch rise, so no
 * number of the old line is issued again.
 */
export async function restartRoom(pool: Pool, settings: RoomSettings, act: Act): Promise<Result<RoomSettings, BadSetting | UnknownRoom>> {
  return inTransaction(pool, READ_COMMITTED, async (tx) => {
    const before = await lockRoom(tx, settings.room);
    if (before === undefined) return refuse({ kind: 'unknown-room' });
    const checked = checkSettings({ ...settings, version: before.version + 1, epoch: before.epoch + 1 });
    if (checked.ok) await save(tx, before, checked.value, 'room.restart', act);
    return checked;
  });
}

async function lockRoom(tx: Tx, room: RoomId): Promise<RoomSettings | undefined> {
  const [row] = await drizzleOn(tx).select().from(rooms).where(eq(rooms.room, room)).for('update');
  return row === undefined ? undefined : settingsOf(row);
}

async function save(tx: Tx, before: RoomSettings, after: RoomSettings, action: string, act: Act): Promise<void> {
  await drizzleOn(tx).update(rooms).set(rowOf(after)).where(eq(rooms.room, after.room));
  await recordAct(tx, { actor: act.actor, cause: act.cause, action, subject: subjectOf(after.room), ...differenceOf(before, after) });
}

const subjectOf = (room: RoomId): string => `room:${room}`;

type Row = typeof rooms.$inferSelect;

function rowOf({ name, opensAtMs, shows, ...same }: RoomSettings): Row {
  return { ...same, shows: [...shows], nameKo: name.ko, nameEn: name.en, opensAt: opensAtMs === null ? null : new Date(opensAtMs) };
}

function settingsOf({ nameKo, nameEn, opensAt, shows, ...same }: Row): RoomSettings {
  return { ...same, room: same.room as RoomId, shows: shows as ShowId[], name: { ko: nameKo, en: nameEn }, opensAtMs: opensAt?.getTime() ?? null };
}
