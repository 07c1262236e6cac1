import type { GaugesMessage } from '@onsale/contract';
import { MINUTE_MS, SECOND_MS, type RoomId } from '@onsale/kernel';

/**
 * Readings of the last minutes by room, so that a console that is opened in the middle of a sale sees how it came to this. Kept in this process
 * alone and bounded both ways: after a restart the past begins anew.
 */
export type GaugeHistory = {
  /** Kept unless the last one is younger than `HISTORY.apartMs`. */
  add(room: RoomId, gauges: GaugesMessage, nowMs: number): void;
  /** The oldest first, each with its age now. */
  of(room: RoomId, nowMs: number): GaugesMessage[];
};

export const HISTORY = {
  /** The console's charts show as much. */
  spanMs: 5 * MINUTE_MS,
  /** How often a room is read that nobody watches; watched ones are read every second. */
  everyMs: 5 * SECOND_MS,
  apartMs: 4 * SECOND_MS,
  /** Past it the room that was read longest ago is forgotten. 75 readings of a kilobyte each. */
  roomsMax: 50,
} as const;

type Kept = { readonly atMs: number; readonly gauges: GaugesMessage };

export function createGaugeHistory(): GaugeHistory {
  const rooms = new Map<RoomId, readonly Kept[]>();
  const young = (room: RoomId, nowMs: number): Kept[] => (rooms.get(room) ?? []).filter(({ atMs }) => nowMs - atMs <= HISTORY.spanMs);
  return {
    add(room, gauges, nowMs) {
      const known = young(room, nowMs);
      const last = known.at(-1);
      if (last !== undefined && nowMs - last.atMs < HISTORY.apartMs) return;
      rooms.delete(room);
      if (rooms.size >= HISTORY.roomsMax) rooms.delete(rooms.keys().next().value as RoomId);
      rooms.set(room, [...known, { atMs: nowMs, gauges }]);
    },
    of: (room, nowMs) => young(room, nowMs).map(({ atMs, gauges }) => ({ ...gauges, ageMs: Math.round(gauges.ageMs + nowMs - atMs) })),
  };
}
