import { createHash, randomBytes, type KeyObject } from 'node:crypto';
import type { RoomId, ShowId } from '@onsale/kernel';
import { configure, DEFAULT_TIMES, join, openRoomConnection, signReceipt, type RoomSettings } from '@onsale/waiting-room';

const BATCH = 256;

/** An open room in which nobody is called: rate 0 keeps the line standing while it is measured. */
export const benchRoom = (room: string, more: Partial<RoomSettings> = {}): RoomSettings => ({
  room: room as RoomId,
  name: { ko: room, en: room },
  shows: ['bench' as ShowId],
  phase: 'open',
  opensAtMs: null,
  ratePerMinute: 0,
  capacity: 500,
  ...DEFAULT_TIMES,
  identity: 'device',
  rejoin: true,
  version: 1,
  epoch: 1,
  ...more,
});

export async function openRoomForBench(redisUrl: string, room: string, more: Partial<RoomSettings> = {}): Promise<void> {
  const connection = openRoomConnection(redisUrl);
  await connection.ready();
  await configure(connection, benchRoom(room, more), { create: true });
  await connection.close();
}

/** Puts `count` fans in line and gives their receipts, in order. */
export async function fillRoom(redisUrl: string, room: string, count: number, receiptKey?: KeyObject): Promise<string[]> {
  const connection = openRoomConnection(redisUrl);
  await connection.ready();
  const receipts: string[] = [];
  for (let done = 0; done < count; done += BATCH) {
    const bindings = Array.from({ length: Math.min(BATCH, count - done) }, () => createHash('sha256').update(randomBytes(16)).digest());
    const replies = await join(
      connection,
      room as RoomId,
      bindings.map((binding) => ({ identity: binding.subarray(0, 16) })),
    );
    for (const [index, reply] of replies.entries()) {
      if (reply.word !== 'joined') throw new Error(`a join for the bench answered ${reply.word}`);
      const binding = bindings[index] as Buffer;
      const { place, order } = reply.view;
      if (receiptKey === undefined) continue;
      receipts.push(
        signReceipt(receiptKey, {
          room: room as RoomId,
          place,
          order,
          epoch: 1,
          incarnation: reply.incarnation,
          identity: binding.subarray(0, 16),
          binding,
          joinedAtMs: Date.now(),
        }),
      );
    }
  }
  await connection.close();
  return receipts;
}
