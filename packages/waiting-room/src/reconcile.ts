import { invariant, type Place, type RoomId } from '@onsale/kernel';
import { askPlainly, type RoomConnection } from './connection.ts';
import { BINDING_BYTES } from './enter.ts';
import { keyOf } from './keys.ts';
import type { RoomRefusal } from './rules/words.ts';
import { BATCH_MAX, runScript, scriptOf } from './script.ts';

/** A session that lives at booking. `remainingMs`: until its lease there is over. */
export type LiveSession = { readonly place: Place; readonly callNo: number; readonly binding: Buffer; readonly remainingMs: number };

/**
 * What booking's database says, read in this order: the room clock (of readGauges), the redeemed places (readRedeemed), the sessions.
 *
 * `live`: every living session of the room. `over`: redeemed places whose session has ended or run out. `unopened`: redeemed places of
 * which there is no session: it was never written (booking's database was away), or is being written. Those keep their slot until the
 * minutes of their token are over, so that whoever asks again gets in.
 */
export type SessionsFound = {
  readonly sinceClock: number;
  readonly live: readonly LiveSession[];
  readonly over: readonly Place[];
  readonly unopened: readonly Place[];
};

/**
 * `finished`: places whose session had ended, their slots are free now. `lapsed`: places that never had one, likewise. `adopted`: sessions
 * Redis had forgotten. `toEnd`: live sessions whose place has ended here (left, revoked, lease over): the caller ends them at booking.
 * `unknown`: sessions of another epoch or of numbers never issued.
 */
export type ReconcileReply =
  | {
    readonly word: 'reconciled'; readonly finished: readonly Place[]; readonly lapsed: readonly Place[]; readonly adopted: readonly Place[];
    readonly toEnd: readonly Place[]; readonly unknown: readonly Place[];
  }
  | { readonly word: RoomRefusal };

/** Sessions one reconcile takes at most: more is a bug of the caller. */
export const LIVE_SESSIONS_MAX = 1_000_000;

/** Every place that is in booking, by the room's word. */
export async function readRedeemed(connection: RoomConnection, room: RoomId): Promise<readonly Place[]> {
  const places = await askPlainly(connection, 'redeemed places', (redis) => redis.zrange(keyOf(room, 'redeemed'), '0', '-1'));
  return places.map((place) => Number(place) as Place);
}

/** Makes the redeemed places equal to booking's live sessions; heals every lost message. */
export async function reconcile(connection: RoomConnection, room: RoomId, given: SessionsFound): Promise<ReconcileReply> {
  invariant(given.live.length <= LIVE_SESSIONS_MAX, 'too many live sessions');
  const steps: (readonly [string, string, string, string, string])[] = [
    ...given.over.map((place) => ['finish', String(place), '0', '', '0'] as const),
    ...given.unopened.map((place) => ['lapse', String(place), '0', '', '0'] as const),
  ];
  for (const { place, callNo, binding, remainingMs } of given.live) {
    invariant(binding.length === BINDING_BYTES, 'a binding has 32 bytes');
    steps.push(['adopt', String(place), String(callNo), binding.toString('hex'), String(Math.max(0, Math.floor(remainingMs)))]);
  }
  const found = { finished: [] as Place[], lapsed: [] as Place[], adopted: [] as Place[], toEnd: [] as Place[], unknown: [] as Place[] };
  // At least once, so that a fenced room says so also when there is nothing to compare.
  for (let start = 0; start === 0 || start < steps.length; start += BATCH_MAX) {
    const batch = steps.slice(start, start + BATCH_MAX).flat();
    const reply = (await runScript(connection, scriptOf('reconcile'), room, { sinceClock: given.sinceClock }, batch)) as
      [string] | ['reconciled', Place[], Place[], Place[], Place[], Place[]];
    if (reply.length === 1) return { word: reply[0] as 'fenced' };
    found.finished.push(...reply[1]);
    found.lapsed.push(...reply[2]);
    found.adopted.push(...reply[3]);
    found.toEnd.push(...reply[4]);
    found.unknown.push(...reply[5]);
  }
  return { word: 'reconciled', ...found };
}
