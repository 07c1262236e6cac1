import type { Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { viewOf, type PlaceView, type RawView } from './place-view.ts';
import { runScript, scriptOf, type ScriptArg } from './script.ts';

/** A verb on one place answers a word and, where the place is known, its view afterwards. */
export type PlaceOutcome<Word extends string> = { readonly word: Word; readonly view: PlaceView | null };

export async function runPlaceVerb<Word extends string>(
  connection: RoomConnection, room: RoomId, verb: string, place: Place, args: Readonly<Record<string, ScriptArg>> = {},
): Promise<PlaceOutcome<Word>> {
  const [word, view] = (await runScript(connection, scriptOf(verb), room, { place, ...args })) as [string, RawView?];
  return { word: word as Word, view: view === undefined ? null : viewOf(view) };
}
