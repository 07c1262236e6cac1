import type { Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { runPlaceVerb, type PlaceOutcome } from './place-verb.ts';
import type { RoomRefusal } from './rules/words.ts';

/** `revoked` now; `again`: the place had ended before (the view says how). */
export type RevokeWord = 'revoked' | 'again' | 'epoch' | 'unknown' | RoomRefusal;

/** An operator ends a place; its identity may not join again. A session at booking is ended by the next `reconcile` (its `toEnd`). */
export const revoke = (connection: RoomConnection, room: RoomId, place: Place): Promise<PlaceOutcome<RevokeWord>> =>
  runPlaceVerb(connection, room, 'revoke', place);
