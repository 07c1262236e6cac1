import type { WaitBand } from '@onsale/contract';

/** A band in words that a person would use: whole minutes, later halves of hours; never a false precision. */
export type WaitWords =
  | { readonly kind: 'soon' }
  | { readonly kind: 'band'; readonly low: number; readonly high: number; readonly unit: 'minutes' | 'hours' }
  | { readonly kind: 'up-to'; readonly high: number; readonly unit: 'minutes' | 'hours' }
  | { readonly kind: 'long'; readonly low: number };

const MINUTE_MS = 60_000;
const HOURS_FROM_MINUTES = 120;
const LONG_FROM_HOURS = 24;

export function waitWords(band: WaitBand): WaitWords {
  const low = Math.floor(band.p10Ms / MINUTE_MS);
  const high = Math.ceil(band.p90Ms / MINUTE_MS);
  if (high <= 1) return { kind: 'soon' };
  if (high < HOURS_FROM_MINUTES) {
    const lowRounded = roundDown(low);
    const highRounded = roundUp(high);
    if (lowRounded < 1 || lowRounded === highRounded) return { kind: 'up-to', high: highRounded, unit: 'minutes' };
    return { kind: 'band', low: lowRounded, high: highRounded, unit: 'minutes' };
  }
  const lowHours = Math.floor(low / 30) / 2;
  const highHours = Math.ceil(high / 30) / 2;
  if (lowHours >= LONG_FROM_HOURS) return { kind: 'long', low: LONG_FROM_HOURS };
  if (lowHours < 0.5) return { kind: 'up-to', high: highHours, unit: 'hours' };
  return { kind: 'band', low: lowHours, high: highHours, unit: 'hours' };
}

/** Past twenty minutes, fives are fine enough. */
const roundDown = (minutes: number): number => (minutes < 20 ? minutes : Math.floor(minutes / 5) * 5);
const roundUp = (minutes: number): number => (minutes < 20 ? minutes : Math.ceil(minutes / 5) * 5);

/** The band that was told for `aheadThen` people, carried on to `aheadNow`: waiting time shrinks with the people ahead. */
export function carryBand(band: WaitBand, aheadThen: number, aheadNow: number): WaitBand {
  const share = (aheadNow + 1) / (aheadThen + 1);
  return { p10Ms: Math.round(band.p10Ms * share), p90Ms: Math.round(band.p90Ms * share) };
}
