import type { RoomId } from '@onsale/kernel';
import type { CalledPlace } from './call.ts';
import type { RoomConnection } from './connection.ts';
import type { RoomCounts } from './read-gauges.ts';
import type { Mark } from './rules/marks.ts';
import type { RoomSettings } from './rules/settings.ts';
import type { PaceReading } from './rules/wait-band.ts';
import type { LimitReason, Phase } from './rules/words.ts';

/** What everybody in a room is told, once a second. */
export type Frame = {
  readonly room: RoomId;
  readonly settings: RoomSettings;
  readonly phase: Phase;
  readonly epoch: number;
  readonly incarnation: number;
  /** Room clock, ms. */
  readonly clock: number;
  readonly counts: RoomCounts;
  /** Highest order called so far, 0 when none: whose own order it reaches asks for their place at once. */
  readonly calledThrough: number;
  /** In rising order: each of the first 32 present fans, then geometric, the last one always; at most 64. */
  readonly marks: readonly Mark[];
  /** What kept the last tick from calling more. */
  readonly reason: LimitReason;
  /** Input of `waitBand(frame.pace, ahead)`. */
  readonly pace: PaceReading;
  /** Redis is not the adopted process: positions may be of yesterday; answer 503 until a worker readopts. */
  readonly fenced: boolean;
};

/** `cursor`: hand it back. `all`: the cursor was too old, these are all places called now. */
export type CalledSince = { readonly word: 'called'; readonly cursor: CalledCursor; readonly called: readonly CalledPlace[]; readonly all: boolean } | { readonly word: 'no-room' };
export type CalledCursor = { readonly callNo: number; readonly incarnation: number; readonly epoch: number };

/** Who was called since the cursor (null: from now on, after all that are called now). Read-only, O(new calls). */
export function readCalled(_connection: RoomConnection, _room: RoomId, _cursor: CalledCursor | null): Promise<CalledSince> {
  throw new Error('not yet');
}
/** The frame of this moment; prefer a feed's, computed once a second per process. Null: Redis does not know the room. */
export function readFrame(_connection: RoomConnection, _room: RoomId): Promise<Frame | null> {
  throw new Error('not yet');
}

export type PlaceFeedOptions = {
  readonly connection: RoomConnection;
  readonly room: RoomId;
  /** Every second: the new frame, or null when the room is unknown to Redis. */
  readonly onFrame?: (frame: Frame | null) => void;
  /** Every 100 ms, when somebody was called. A place may be named twice (after `all`); never left out. */
  readonly onCalled?: (called: readonly CalledPlace[]) => void;
  /** Redis could not be asked; the feed goes on. */
  readonly onError?: (error: Error) => void;
  readonly frameEveryMs?: number;
  readonly calledEveryMs?: number;
};
export type PlaceFeed = {
  /** The latest frame; undefined before the first, null when Redis does not know the room. */
  frame(): Frame | null | undefined;
  /** Resolves after the first frame was read (or could not be). */
  readonly started: Promise<void>;
  stop(): Promise<void>;
};
/** One per room and process. */
export function openPlaceFeed(_options: PlaceFeedOptions): PlaceFeed {
  throw new Error('not yet');
}
