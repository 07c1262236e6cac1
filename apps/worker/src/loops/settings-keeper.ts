import { changeRoom, listLivingRooms, type RoomSettings } from '@onsale/control';
import { MINUTE_MS, SECOND_MS, type RoomId } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { configure, readGauges, type RoomSettings as SettingsInForce } from '@onsale/waiting-room';
import type { WorkerContext } from '../context.ts';

/**
 * Keeps the settings in Redis and in MySQL equal, and tells which rooms there are: all but those that are over.
 *
 *   row newer (ops died between its commit and `configure`)  ──► configure: in force within seconds
 *   Redis newer (an operator paused or lowered while MySQL was away, and ops, which saves it, has died since) ──► saved after a minute
 *
 * Each worker compares the rooms that it calls.
 * A room that Redis does not know is left alone: whether it was wiped, and its numbers with it, is not ours to guess (README).
 */
export const SETTINGS_EVERY_MS = 2 * SECOND_MS;
const SAVE_AFTER_MS = MINUTE_MS;
const COMPLAIN_EVERY_MS = MINUTE_MS;

export type SettingsKeeperOptions = Pick<WorkerContext, 'database' | 'connection' | 'logger' | 'monotonic'> & {
  readonly onError: (error: unknown, name: string) => void;
  readonly onRooms: (rooms: readonly RoomSettings[]) => void;
  /** The rooms that this worker looks after: the others are other workers'. */
  readonly mine: () => readonly RoomId[];
};

export function startSettingsKeeper(options: SettingsKeeperOptions): Loop {
  const { database, connection, logger, monotonic, onError, onRooms, mine } = options;
  const newerInRedisSinceMs = new Map<RoomId, number>();
  const complainedAtMs = new Map<RoomId, number>();

  const complain = (room: RoomId, what: string): void => {
    if (monotonic() - (complainedAtMs.get(room) ?? -Infinity) < COMPLAIN_EVERY_MS) return;
    complainedAtMs.set(room, monotonic());
    logger.warn({ room }, what);
  };
  const compare = async (row: RoomSettings): Promise<void> => {
    const gauges = await readGauges(connection, row.room);
    if (gauges.word !== 'gauges') return complain(row.room, 'Redis does not know this room');
    const inForce = gauges.settings;
    if (inForce.epoch !== row.epoch) return complain(row.room, 'Redis holds another epoch of this room');
    if (inForce.version <= row.version) newerInRedisSinceMs.delete(row.room);
    if (inForce.version < row.version) await configure(connection, row);
    if (inForce.version > row.version) await saveWhenOld(row, inForce);
  };
  const saveWhenOld = async (row: RoomSettings, inForce: SettingsInForce): Promise<void> => {
    const sinceMs = newerInRedisSinceMs.get(row.room) ?? monotonic();
    newerInRedisSinceMs.set(row.room, sinceMs);
    if (monotonic() - sinceMs < SAVE_AFTER_MS) return;
    const { phase, ratePerMinute, capacity } = inForce;
    if (phase !== 'open' && phase !== 'paused' && phase !== 'closed' && phase !== 'scheduled') return;
    const saved = await changeRoom(database.reads, {
      room: row.room, version: row.version, versionAtLeast: inForce.version, patch: { phase, ratePerMinute, capacity },
      actor: 'worker', cause: 'in force in Redis while the database was away',
    });
    if (!saved.ok) complain(row.room, `settings in force could not be saved: ${saved.refusal.kind}`);
  };
  const run = async (): Promise<void> => {
    const rows = await listLivingRooms(database.reads);
    onRooms(rows);
    const ours = new Set(mine());
    for (const row of rows) if (ours.has(row.room)) await compare(row);
  };
  return startLoop({ name: 'settings keeper', everyMs: SETTINGS_EVERY_MS, run, onError });
}
