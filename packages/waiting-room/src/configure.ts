import { valueOf } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { checkSettings, type RoomSettings } from './rules/settings.ts';
import type { RoomRefusal } from './rules/words.ts';
import { runScript, scriptOf } from './script.ts';

/**
 * `created`: the room is new in Redis. `configured`: newer settings are in force from the next tick. `unchanged`: this version
 * was in force. `older`: a newer one is. `epoch`: the room's data are of another epoch.
 */
export type ConfigureWord = 'created' | 'configured' | 'unchanged' | 'older' | 'epoch' | RoomRefusal;

/**
 * Puts settings in force. Only with `create` does it make a room Redis does not know: do so for a room that never was in
 * Redis in this epoch, else numbers would be issued twice (after a wipe: a new epoch). Throws on settings `checkSettings` refuses.
 */
export async function configure(
  connection: RoomConnection, settings: RoomSettings, { create = false }: { readonly create?: boolean } = {},
): Promise<ConfigureWord> {
  valueOf(checkSettings(settings));
  const orNone = (value: number | null): number => value ?? -1;
  const reply = await runScript(connection, scriptOf('configure'), settings.room, {
    create: create ? 1 : 0, version: settings.version, epoch: settings.epoch, phase: settings.phase,
    opensAt: orNone(settings.opensAtMs), rate: orNone(settings.ratePerMinute), capacity: orNone(settings.capacity),
    callMs: settings.callMs, maxMisses: settings.maxMisses, absentAfterMs: settings.absentAfterMs,
    entryTokenMs: settings.entryTokenMs, sessionMaxMs: settings.sessionMaxMs, rejoin: settings.rejoin ? 1 : 0,
    settings: JSON.stringify(settings),
  });
  return (reply as [ConfigureWord])[0];
}
