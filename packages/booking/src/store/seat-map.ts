import type { SeatChange, SeatState } from '../rules/seat.ts';

/** The state of a show's seats in this process's memory, fed by versioned deltas. */
export interface SeatMap {
  readonly seats: number;
  readonly version: number;
  /** Whether the last good poll is less than 500 ms old (B11). */
  fresh(): boolean;
  stateOf(seat: number): SeatState;
  /** Whole state: 2 bits a seat, base64; made once per version. */
  snapshot(): { readonly version: number; readonly state: string };
  /** Changes after `version`; undefined when they are not remembered any more (send the snapshot). */
  since(version: number): { readonly from: number; readonly version: number; readonly changes: readonly (readonly [number, number])[] } | undefined;
  counts(): Record<SeatState, number>;
  /** Called after every advance of `version`. Returns how to stop. */
  onAdvance(listener: (from: number, version: number) => void): () => void;
  /** Takes in what this process has just committed as `version`. */
  apply(version: number, changes: readonly SeatChange[]): void;
  /** Somebody is looking: poll every 25 ms for the next seconds. */
  touch(): void;
}
