import { HOUR_MS, MINUTE_MS, type OpaqueId } from '@onsale/kernel';
import { HOLD_MS, type HoldRow } from './hold.ts';

/**
 * A hold lapses when its time runs out, or when it is given back in the second half of it: otherwise who lets go a second early could have the same seats
 * for ever. Whoever has let a seat lapse three times does not get it again for ten minutes after the last; others do.
 */
export const LAPSES_MAX = 3;
export const LAPSE_REFUSED_MS = 10 * MINUTE_MS;
/** A lapse so long ago is forgotten. */
export const LAPSE_KEPT_MS = HOUR_MS;

/** How often a person has let a seat lapse, and how long ago the last was. */
export type SeatLapse = { readonly count: number; readonly agoMs: number };
/** By person, then seat. */
export type SeatLapses = ReadonlyMap<OpaqueId, ReadonlyMap<number, SeatLapse>>;

export const lapsesWith = (end: 'release' | 'expire', hold: Pick<HoldRow, 'state' | 'leftMs'>): boolean =>
  end === 'expire' || (hold.state === 'live' && hold.leftMs < HOLD_MS / 2);

/** How long the seat is still refused; 0: it is not. */
export const refusedForMs = (lapse: SeatLapse | undefined): number =>
  lapse === undefined || lapse.count < LAPSES_MAX ? 0 : Math.max(0, LAPSE_REFUSED_MS - lapse.agoMs);

export const oneMore = (lapse: SeatLapse | undefined): SeatLapse => ({
  count: lapse === undefined || lapse.agoMs > LAPSE_KEPT_MS ? 1 : lapse.count + 1,
  agoMs: 0,
});
