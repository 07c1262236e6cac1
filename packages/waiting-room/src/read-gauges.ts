import type { RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import type { RoomSettings } from './rules/settings.ts';
import type { LimitReason, Phase } from './rules/words.ts';
import { runScript, scriptOf } from './script.ts';

export type RoomCounts = {
  readonly waiting: number;
  readonly absent: number;
  readonly called: number;
  readonly entered: number;
  readonly redeemed: number;
  /** called + entered + redeemed: what capacity counts. */
  readonly slotsInUse: number;
};
/** Running totals since the room was made in this epoch. `calls` also jumps by the readopted gap: use differences. */
export type RoomTotals = {
  readonly joined: number; readonly called: number; readonly entered: number; readonly redeemed: number;
  readonly finished: number; readonly left: number; readonly lapsed: number; readonly revoked: number; readonly missed: number;
};
export type RoomGauges = {
  readonly word: 'gauges';
  readonly settings: RoomSettings;
  /** The phase in force: `open` also when a scheduled room has opened by itself. */
  readonly phase: Phase;
  readonly epoch: number;
  readonly incarnation: number;
  /** run_id of the Redis process whose data are adopted: what `readopt` expects. */
  readonly adoptedRunId: string;
  /** Unequal run_id: every mutating verb is fenced until a worker readopts. */
  readonly fenced: boolean;
  /** Room clock, ms. */
  readonly clock: number;
  readonly counts: RoomCounts;
  readonly totals: RoomTotals;
  /** Calls in the last minute of the room clock. */
  readonly callsInWindow: number;
  /** What kept the last tick from calling more. */
  readonly reason: LimitReason;
  /** Highest number issued. */
  readonly issued: number;
  /** Most that ever stood in line at a tick. */
  readonly peakWaiting: number;
};
export type GaugesReply = RoomGauges | { readonly word: 'no-room' };

/** Everything operators and workers watch; changes nothing, works while fenced. */
export async function readGauges(connection: RoomConnection, room: RoomId): Promise<GaugesReply> {
  const reply = (await runScript(connection, scriptOf('read-gauges'), room, {})) as string[];
  if (reply.length === 1) return { word: 'no-room' };
  const [, settings, phase, adoptedRunId, reason, ...numbers] = reply as [string, string, Phase, string, LimitReason, ...(string | number)[]];
  const at = (index: number): number => Number(numbers[index]);
  const [called, entered, redeemed] = [at(6), at(7), at(8)];
  return {
    word: 'gauges', settings: JSON.parse(settings) as RoomSettings, phase, adoptedRunId, reason,
    fenced: adoptedRunId !== connection.runId(),
    epoch: at(0), incarnation: at(1), clock: at(2), callsInWindow: at(3),
    counts: { waiting: at(4), absent: at(5), called, entered, redeemed, slotsInUse: called + entered + redeemed },
    issued: at(9), peakWaiting: at(19),
    totals: {
      joined: at(10), called: at(11), entered: at(12), redeemed: at(13),
      finished: at(14), left: at(15), lapsed: at(16), revoked: at(17), missed: at(18),
    },
  };
}
