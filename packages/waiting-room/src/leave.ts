import type { Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { runPlaceVerb, type PlaceOutcome } from './place-verb.ts';
import type { RoomRefusal } from './rules/words.ts';

/** `left` now; `again`: the place had ended before (the view says how). */
export type LeaveWord = 'left' | 'again' | 'epoch' | 'unknown' | RoomRefusal;

/** The fan gives the place up, from whatever state. A session at booking is ended by the next `reconcile` (its `toEnd`). */
export const leave = (connection: RoomConnection, room: RoomId, place: Place): Promise<PlaceOutcome<LeaveWord>> =>
  runPlaceVerb(connection, room, 'leave', place);
