import { invariant, type Place, type RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { plainView, viewOf, type PlaceView, type RawView } from './place-view.ts';
import type { PlaceRefusal } from './rules/words.ts';
import { BATCH_MAX, runScript, scriptOf } from './script.ts';

export type PlaceReply = { readonly word: 'place'; readonly view: PlaceView } | { readonly word: PlaceRefusal };

/** State and exact position of up to BATCH_MAX places; one reply for each. Changes nothing: no sign of life. */
export const readPlace = (connection: RoomConnection, room: RoomId, places: readonly Place[]): Promise<PlaceReply[]> =>
  askForPlaces(connection, room, 'read-place', places);

export async function askForPlaces(connection: RoomConnection, room: RoomId, verb: string, places: readonly Place[]): Promise<PlaceReply[]> {
  invariant(places.length <= BATCH_MAX, 'too many places at once');
  if (places.length === 0) return [];
  const [word, rows] = (await runScript(connection, scriptOf(verb), room, {}, places)) as [string, Row[]];
  if (word !== 'ok') return places.map(() => ({ word: word as 'fenced' }));
  return rows.map((row, index) => replyOf(row, places[index] as Place));
}

/** A refusal, a view, or only how many are ahead. */
type Row = string | RawView | number;

function replyOf(row: Row, place: Place): PlaceReply {
  if (typeof row === 'string') return { word: row as 'lost' };
  return { word: 'place', view: typeof row === 'number' ? plainView(place, row) : viewOf(row) };
}
