import type { MonotonicClock, Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import type { LimitReason, Phase, RoomRefusal } from './rules/words.ts';
import { runScript, scriptOf } from './script.ts';

/**
 * `lastClock`: the room clock this caller's previous tick answered, null at its first; `elapsedMs`: its monotonic time since.
 * `clockOffsetMs` shifts Redis' TIME and is for tests only: 0 in production.
 */
export type CallRequest = { readonly lastClock: number | null; readonly elapsedMs: number; readonly clockOffsetMs?: number };

export type CalledPlace = { readonly place: Place; readonly order: number; readonly callNo: number };

/**
 * `reason`: what kept this tick from calling more. `clock`: room clock in ms, to be handed back as `lastClock`. `incarnation` of
 * `epoch`: for `readopt`, which must know the highest that ever was.
 */
export type CallReply =
  | {
    readonly word: 'ticked'; readonly clock: number; readonly phase: Phase; readonly reason: LimitReason;
    readonly called: readonly CalledPlace[]; readonly slotsInUse: number; readonly waiting: number;
    readonly incarnation: number; readonly epoch: number;
  }
  | { readonly word: RoomRefusal };

/** One tick: moves the room clock and calls whom rate, capacity and line allow. Every ≤ 100 ms, by any number of callers. */
export async function call(connection: RoomConnection, room: RoomId, request: CallRequest): Promise<CallReply> {
  const { lastClock, elapsedMs, clockOffsetMs = 0 } = request;
  const args = { lastClock: lastClock ?? -1, elapsed: elapsedMs, clockOffset: clockOffsetMs };
  const reply = (await runScript(connection, scriptOf('call'), room, args)) as
    [string] | ['ticked', number, Phase, LimitReason, number, number, [number, number, number][], number, number];
  if (reply.length === 1) return { word: reply[0] as 'fenced' };
  const [word, clock, phase, reason, slotsInUse, waiting, rows, incarnation, epoch] = reply;
  const called = rows.map(([place, order, callNo]) => ({ place: place as Place, order, callNo }));
  return { word, clock, phase, reason, called, slotsInUse, waiting, incarnation, epoch };
}

/** A round trip longer than this makes the next tick count from its reply, so that a jam never speeds the room clock up. */
const ROUND_TRIP_MS_MAX = 250;

/** One caller of one room: remembers its last tick. `tick` must not be called again before it has answered. */
export function createCaller(connection: RoomConnection, room: RoomId, monotonic: MonotonicClock): { tick(): Promise<CallReply> } {
  let last: { clock: number; since: number } | null = null;
  const tick = async (): Promise<CallReply> => {
    const sentAt = monotonic();
    const request = { lastClock: last?.clock ?? null, elapsedMs: last === null ? 0 : Math.max(0, sentAt - last.since) };
    last = null;
    const reply = await call(connection, room, request);
    const answeredAt = monotonic();
    if (reply.word === 'ticked') last = { clock: reply.clock, since: answeredAt - sentAt > ROUND_TRIP_MS_MAX ? answeredAt : sentAt };
    return reply;
  };
  return { tick };
}
