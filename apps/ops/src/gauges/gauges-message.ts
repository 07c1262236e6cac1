import type { GaugesMessage, StandstillReason } from '@onsale/contract';
import type { ShowFigures } from '@onsale/booking';
import { SECOND_MS } from '@onsale/kernel';
import type { LimitReason, RoomGauges } from '@onsale/waiting-room';
import type { MysqlLoad } from '../store/mysql-load.ts';

/** The room clock stands still for this long in an open room: no worker is calling. */
export const CALLER_AWAY_AFTER_MS = 5 * SECOND_MS;

/** A value and how old it is. */
export type Aged<Value> = { readonly value: Value; readonly ageMs: number };
export type GaugesParts = {
  readonly gauges: Aged<RoomGauges>;
  /** Wall time now. */
  readonly nowMs: number;
  /** How long the room clock has not moved. */
  readonly standsForMs: number;
  readonly figures: Aged<ShowFigures> | null;
  readonly load: Aged<MysqlLoad> | null;
};

/** `booking` and `mysql` have an age of their own: they are read apart from the room, and less often when they are dear. */
export function gaugesMessage({ gauges: { value: gauges, ageMs }, nowMs, standsForMs, figures, load }: GaugesParts): GaugesMessage {
  const { settings, counts, totals } = gauges;
  const isCallerAway = gauges.phase === 'open' && standsForMs >= CALLER_AWAY_AFTER_MS;
  const agedOrNull = <Value extends object>(part: Aged<Value> | null) => (part === null ? null : { ...part.value, ageMs: Math.round(part.ageMs) });
  return {
    type: 'gauges',
    room: settings.room,
    at: new Date(nowMs - ageMs).toISOString(),
    ageMs: Math.round(ageMs),
    phase: gauges.phase,
    reason: reasonOf(gauges, isCallerAway),
    limit: gauges.fenced ? 'fenced' : isCallerAway ? 'caller-away' : gauges.reason,
    waiting: counts.waiting,
    absent: counts.absent,
    called: counts.called,
    entered: counts.entered,
    redeemed: counts.redeemed,
    joined: totals.joined,
    ended: { finished: totals.finished, left: totals.left, lapsed: totals.lapsed },
    callsLastMinute: gauges.callsInWindow,
    ratePerMinute: settings.ratePerMinute,
    capacity: settings.capacity,
    booking: agedOrNull(figures),
    mysql: agedOrNull(load),
  };
}

function reasonOf(gauges: RoomGauges, isCallerAway: boolean): StandstillReason | null {
  if (gauges.fenced) return 'recovering';
  if (isCallerAway) return 'caller-away';
  // The reason in Redis is the last tick's; a phase that was set since is known at once.
  return REASON_OF_PHASE[gauges.phase] ?? REASON_OF_LIMIT[gauges.reason];
}

const REASON_OF_PHASE: Partial<Record<RoomGauges['phase'], StandstillReason>> = {
  scheduled: 'scheduled', paused: 'paused', closed: 'closed', recovering: 'recovering',
};
const REASON_OF_LIMIT: Record<LimitReason, StandstillReason | null> = {
  line: null, rate: null, batch: null, scheduled: null, paused: null, closed: null,
  'rate-lowered': 'rate-lowered', capacity: 'capacity', returning: 'returning', recovering: 'recovering', readopted: 'recovering',
};
