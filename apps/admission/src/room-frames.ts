import { ProblemError } from '@onsale/contract';
import { SECOND_MS, type MonotonicClock, type RoomId, type WallClock } from '@onsale/kernel';
import { readGauges, type Frame, type RoomConnection } from '@onsale/waiting-room';
import { frameViewOf, type FrameView } from './frame-view.ts';

/** A frame older than this is not shown any more. */
export const FRAME_AGE_MAX_MS = 5 * SECOND_MS;
export const RECOVERING_RETRY_MS = 5 * SECOND_MS;
export const AWAY_RETRY_MS = 2 * SECOND_MS;

export type RoomFramesOptions = {
  readonly connection: RoomConnection;
  readonly wallClock: WallClock;
  readonly monotonic: MonotonicClock;
  readonly onError: (error: Error) => void;
};

/** The latest frame of one room in this process, whoever reads it: its feed once a second, or a look while it has no feed. */
export class RoomFrames {
  readonly room: RoomId;
  readonly #options: RoomFramesOptions;
  #latest: FrameView | undefined;
  #isUnknown = false;
  #seq = 0;
  #callsInWindow = 0;
  #clock = -1;
  #standsSinceMs: number;

  constructor(room: RoomId, options: RoomFramesOptions) {
    this.room = room;
    this.#options = options;
    this.#standsSinceMs = options.monotonic();
  }

  /** A frame just read; null: Redis does not know the room. */
  take(frame: Frame | null): FrameView | undefined {
    const { connection, wallClock, monotonic, onError } = this.#options;
    const readAtMs = monotonic();
    this.#isUnknown = frame === null;
    if (frame === null) return (this.#latest = undefined);
    if (frame.clock !== this.#clock) [this.#clock, this.#standsSinceMs] = [frame.clock, readAtMs];
    this.#seq = Math.max(this.#seq + 1, Math.floor(wallClock() / 100));
    const reading = { seq: this.#seq, callsInWindow: this.#callsInWindow, standsSinceMs: readAtMs - this.#standsSinceMs, readAtMs };
    this.#latest = frameViewOf(frame, reading);
    void readGauges(connection, this.room).then((gauges) => { if (gauges.word === 'gauges') this.#callsInWindow = gauges.callsInWindow; }, onError);
    return this.#latest;
  }

  /** Redis did not know the room when it was asked last. */
  get isUnknown(): boolean {
    return this.#isUnknown;
  }

  get ageMs(): number {
    return this.#latest === undefined ? Infinity : this.#options.monotonic() - this.#latest.readAtMs;
  }

  /** Throws `recovering` when Redis does not know the room, `unavailable` when it could not be asked for too long. */
  view(): FrameView {
    if (this.#isUnknown) throw new ProblemError('recovering', { retryAfterMs: RECOVERING_RETRY_MS });
    if (this.#latest === undefined || this.ageMs > FRAME_AGE_MAX_MS) throw new ProblemError('unavailable', { retryAfterMs: AWAY_RETRY_MS });
    return this.#latest;
  }
}
