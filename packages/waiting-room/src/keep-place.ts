import type { Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { askForPlaces, type PlaceReply } from './read-place.ts';

/**
 * Signs of life of up to BATCH_MAX places, and the same answer as readPlace: silent fans are back in line at their old
 * order; who missed a call is not (`returnPlace` does that).
 */
export const keepPlace = (connection: RoomConnection, room: RoomId, places: readonly Place[]): Promise<PlaceReply[]> =>
  askForPlaces(connection, room, 'keep-place', places);
