import type { Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { runPlaceVerb, type PlaceOutcome } from './place-verb.ts';
import type { PlaceRefusal } from './rules/words.ts';

/** `returned`: back in line at the old order. `unchanged`: was there, or called or in booking already. `ended`: the view says how. */
export type ReturnWord = 'returned' | 'unchanged' | 'ended' | 'closed' | PlaceRefusal;

/** The fan pressed "I'm back": the only way back after a missed call, once. (`return` is a reserved word.) */
export const returnPlace = (connection: RoomConnection, room: RoomId, place: Place): Promise<PlaceOutcome<ReturnWord>> =>
  runPlaceVerb(connection, room, 'return', place);
