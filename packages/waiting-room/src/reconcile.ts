import { invariant, type Place, type RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { BINDING_BYTES } from './enter.ts';
import { keyOf } from './keys.ts';
import type { RoomRefusal } from './rules/words.ts';
import { BATCH_MAX, runScript, scriptOf } from './script.ts';

/** A session that lives at booking. `remainingMs`: until its lease there is over. */
export type LiveSession = { readonly place: Place; readonly callNo: number; readonly binding: Buffer; readonly remainingMs: number };

/**
 * `finished`: places whose session had ended, their slots are free now. `adopted`: sessions Redis had forgotten. `toEnd`:
 * live sessions whose place ended here (left, revoked, lease over): the caller ends them at booking. `unknown`: sessions of
 * another epoch or of numbers never issued.
 */
export type ReconcileReply =
  | {
    readonly word: 'reconciled'; readonly finished: readonly Place[]; readonly adopted: readonly Place[];
    readonly toEnd: readonly Place[]; readonly unknown: readonly Place[];
  }
  | { readonly word: RoomRefusal };

/** Sessions one reconcile takes at most: more is a bug of the caller. */
export const LIVE_SESSIONS_MAX = 1_000_000;

/**
 * Makes the redeemed places equal to booking's live sessions; heals every lost message. `sinceClock`: the room clock (of
 * readGauges) read *before* the sessions were listed: what was redeemed about then or later is left alone.
 */
export async function reconcile(
  connection: RoomConnection, room: RoomId, given: { readonly sinceClock: number; readonly live: readonly LiveSession[] },
): Promise<ReconcileReply> {
  invariant(given.live.length <= LIVE_SESSIONS_MAX, 'too many live sessions');
  const alive = new Set(given.live.map(({ place }) => String(place)));
  const redeemed = await connection.redis.zrange(keyOf(room, 'redeemed'), '0', '-1');
  const steps: (readonly [string, string, string, string, string])[] = [];
  for (const place of redeemed) if (!alive.has(place)) steps.push(['finish', place, '0', '', '0']);
  for (const { place, callNo, binding, remainingMs } of given.live) {
    invariant(binding.length === BINDING_BYTES, 'a binding has 32 bytes');
    steps.push(['adopt', String(place), String(callNo), binding.toString('hex'), String(Math.max(0, Math.floor(remainingMs)))]);
  }
  const found = { finished: [] as Place[], adopted: [] as Place[], toEnd: [] as Place[], unknown: [] as Place[] };
  // At least once, so that a fenced room says so also when there is nothing to compare.
  for (let start = 0; start === 0 || start < steps.length; start += BATCH_MAX) {
    const batch = steps.slice(start, start + BATCH_MAX).flat();
    const reply = (await runScript(connection, scriptOf('reconcile'), room, { sinceClock: given.sinceClock }, batch)) as
      [string] | ['reconciled', number[], number[], number[], number[]];
    if (reply.length === 1) return { word: reply[0] as 'fenced' };
    found.finished.push(...(reply[1] as Place[]));
    found.adopted.push(...(reply[2] as Place[]));
    found.toEnd.push(...(reply[3] as Place[]));
    found.unknown.push(...(reply[4] as Place[]));
  }
  return { word: 'reconciled', ...found };
}
