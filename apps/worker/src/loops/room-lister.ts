import { listRoomNames } from '@onsale/control';
import { SECOND_MS, type RoomId } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { keepRoomList, type ListedAs } from '@onsale/waiting-room';
import type { WorkerContext } from '../context.ts';

/**
 * Keeps the list of rooms in Redis, by which admission tells a room that was never made from one whose data are gone. A Redis that was wiped,
 * or is another process than before, has no list that counts until this loop has read MySQL again.
 */
export const LIST_EVERY_MS = 5 * SECOND_MS;

export type RoomListerOptions = Pick<WorkerContext, 'database' | 'connection'> & { readonly onError: (error: unknown, name: string) => void };

export function startRoomLister({ database, connection, onError }: RoomListerOptions): Loop {
  const readRooms = async (): Promise<ReadonlyMap<RoomId, ListedAs>> => 
    new Map((await listRoomNames(database.reads)).map(({ room, isOver }) => [room, isOver ? 'closed' : 'living']));
  const run = (): Promise<unknown> => keepRoomList(connection, readRooms);
  return startLoop({ name: 'room lister', everyMs: LIST_EVERY_MS, run, onError });
}
