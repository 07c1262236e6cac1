import type { RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import type { RoomRefusal } from './rules/words.ts';
import { runScript, scriptOf } from './script.ts';

/**
 * `retired`: Redis holds nothing of the room any more. `epoch`: its data are of another one. `not-closed`, `in-use`: it is not over,
 * somebody is called or inside; nothing was removed.
 */
export type RetireWord = 'retired' | 'epoch' | 'not-closed' | 'in-use' | RoomRefusal;

/** Takes a room that is over out of Redis: whoever asks for it afterwards hears what the list of rooms says. For good within its epoch. */
export async function retire(connection: RoomConnection, room: RoomId, epoch: number): Promise<RetireWord> {
  return ((await runScript(connection, scriptOf('retire'), room, { epoch })) as [RetireWord])[0];
}
