import type { Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { runPlaceVerb, type PlaceOutcome } from './place-verb.ts';
import type { RoomRefusal } from './rules/words.ts';

/** `finished` now; `again`: the place had ended before (the view says how). */
export type FinishWord = 'finished' | 'again' | 'epoch' | 'unknown' | RoomRefusal;

/** Booking's session of this place is over: its slot is free. Idempotent; also right for a place Redis had lost. */
export const finish = (connection: RoomConnection, room: RoomId, place: Place): Promise<PlaceOutcome<FinishWord>> =>
  runPlaceVerb(connection, room, 'finish', place);
