import { createHash, randomBytes, type KeyObject } from 'node:crypto';
import { createRoom, type RoomSettings } from '@onsale/control';
import type { Pool } from '@onsale/database';
import { identityOfBinding } from '@onsale/entry-token';
import { epochOf, valueOf, type RoomId, type ShowId } from '@onsale/kernel';
import { configure, DEFAULT_TIMES, join, openRoomConnection, redeem, signReceipt } from '@onsale/waiting-room';
import { bindingOfFan, type Halls } from './halls.ts';

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

/** The fans of these halls as the waiting room knows them once booking has let them in: each has a slot, which paying frees. */
export async function letFansIn(redisUrl: string, pool: Pool, { room, shows, fans }: Halls): Promise<void> {
  const settings = benchRoom(room, { shows, capacity: fans.length });
  valueOf(await createRoom(pool, settings, { actor: 'bench', cause: 'bench' }));
  await openRoomForBench(redisUrl, room, { shows, capacity: fans.length });
  const connection = openRoomConnection(redisUrl);
  await connection.ready();
  for (let from = 0; from < fans.length; from += BATCH) {
    const some = fans.slice(from, from + BATCH);
    const bindings = some.map(bindingOfFan);
    const joined = await join(connection, room, bindings.map((binding) => ({ identity: identityOfBinding(binding) })));
    await Promise.all(joined.map(async (reply, index) => {
      const place = 'view' in reply ? reply.view.place : undefined;
      if (place === undefined || place !== some[index]?.place) throw new Error(`a fan of the bench got another place: ${reply.word}`);
      const { word } = await redeem(connection, room, { place, callNo: from + index + 1, epoch: epochOf(place), binding: bindings[index]! });
      // Again: the worker's reconciler was faster, for booking knows their sessions already.
      if (word !== 'redeemed' && word !== 'again') throw new Error(`a redeem for the bench answered ${word}`);
    }));
  }
  await connection.close();
}
