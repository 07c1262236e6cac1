import type { Place } from '@onsale/kernel';
import type { PlaceState } from './rules/words.ts';

/** What there is to know of one place, as the scripts see it. */
export type PlaceView = {
  readonly place: Place;
  readonly state: PlaceState;
  /** The number that decides who is before whom. */
  readonly order: number;
  /** Present fans ahead, exactly; for `absent` and `missed` what it would be if they came back now; null once called or ended. */
  readonly ahead: number | null;
  /** Missed calls so far. */
  readonly missed: number;
  /** called: time to enter; entered: minutes of the token; redeemed: lease. On the room clock; never below 0. Else null. */
  readonly remainingMs: number | null;
  /** Running number of the call; null before it and after the end. */
  readonly callNo: number | null;
};
/** Flat form of a PlaceView in script replies; -1, or nothing at the end, stands for null. */
export type RawView = readonly [place: number, state: string, order: number, ahead: number, missed: number, remainingMs?: number, callNo?: number];

const orNull = (value: unknown): number | null => (value === undefined || (value as number) < 0 ? null : (value as number));

/** The view in a row of a reply, whose first `from` members are something else. */
export const viewOf = (row: readonly unknown[], from = 0): PlaceView => ({
  place: row[from] as Place,
  state: row[from + 1] as PlaceState,
  order: row[from + 2] as number,
  ahead: orNull(row[from + 3]),
  missed: row[from + 4] as number,
  remainingMs: orNull(row[from + 5]),
  callNo: orNull(row[from + 6]),
});

/** Waiting at the order of its own number, nothing missed: most places most of the time, so scripts answer only who is ahead. */
export const plainView = (place: Place, ahead: number): PlaceView => (
  { place, state: 'waiting', order: place, ahead, missed: 0, remainingMs: null, callNo: null }
);
