import type { RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { keysOf } from './keys.ts';

/**
 * Throws away everything Redis holds of a room: every place is gone. For seeding anew and for tests. A room made again
 * afterwards needs a higher epoch, else the receipts of before would name new places.
 */
export async function forgetRoom(connection: RoomConnection, room: RoomId): Promise<void> {
  await connection.redis.unlink(...keysOf(room));
}
