import type { RoomId } from '@onsale/kernel';
import { keysOf, type RoomConnection } from '../../src/index.ts';

/** Everything Redis holds of a room, byte by byte: what an older append-only file would bring back. */
export type RoomCopy = ReadonlyMap<string, Buffer | null>;

export async function copyRoom({ redis }: RoomConnection, room: RoomId): Promise<RoomCopy> {
  return new Map(await Promise.all(keysOf(room).map(async (key) => [key, await redis.dumpBuffer(key)] as const)));
}

export async function putBack({ redis }: RoomConnection, copy: RoomCopy): Promise<void> {
  await Promise.all([...copy].map(([key, bytes]) => (bytes === null ? redis.del(key) : redis.restore(key, 0, bytes, 'REPLACE'))));
}
