import { readRoomReport } from '@onsale/control';
import type { Database, OutboxRow } from '@onsale/database';
import { epochOf, parsePlace, parseRoomId } from '@onsale/kernel';
import { refundPayment, type SalesContext } from '@onsale/sales';
import { finish, type RoomConnection } from '@onsale/waiting-room';

/**
 * What a row of the outbox asks for.
 *
 * `done`: the effect stands; the relay closes the row. `settled`: the effect has closed the row, or put it off, itself, in its own
 * transaction. `retry`: not yet; the row comes back after a pause. An effect that throws is retried too. Every effect bears being repeated.
 */
export type EffectOutcome = { readonly word: 'done' | 'settled' } | { readonly word: 'retry'; readonly error: string; readonly delayMs?: number };
export type Effect = (row: OutboxRow) => Promise<EffectOutcome>;
export type Effects = Readonly<Record<string, Effect>>;

const DONE = { word: 'done' } as const;
const retry = (error: string): EffectOutcome => ({ word: 'retry', error });

/** Kind `finish`, payload `{room, place}`: booking's session is over, its slot is free. */
export function finishEffect(connection: RoomConnection, database: Pick<Database, 'reads'>): Effect {
  return async ({ payload }) => {
    const room = parseRoomId(String(payload['room']));
    const place = parsePlace(Number(payload['place']));
    if (!room.ok || !place.ok) return retry('malformed');
    const { word } = await finish(connection, room.value, place.value);
    // `epoch`, `unknown`: there is no slot of that place any more.
    if (word === 'no-room') {
      // A room that is over has left Redis, and its slots with it; one whose data are lost may come back.
      const report = await readRoomReport(database.reads, { room: room.value, epoch: epochOf(place.value) });
      return report === undefined ? retry(word) : DONE;
    }
    return word === 'fenced' ? retry(word) : DONE;
  };
}

/** Kind `refund`: money that we owe back. */
export function refundEffect(sales: SalesContext, random: () => number): Effect {
  return async (row) => {
    await refundPayment(sales, row, random);
    return { word: 'settled' };
  };
}
