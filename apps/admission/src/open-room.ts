import { ProblemError } from '@onsale/contract';
import { SECOND_MS, type MonotonicClock, type Place, type RoomId, type WallClock } from '@onsale/kernel';
import { gather } from '@onsale/runtime';
import {
  BATCH_MAX, join, keepPlace, keysOf, openPlaceFeed, readGauges, readPlace, RoomUnreachable,
  type CalledPlace, type Frame, type JoinReply, type JoinRequest, type PlaceFeed, type PlaceReply, type RoomConnection,
} from '@onsale/waiting-room';
import { frameViewOf, type FrameView } from './frame-view.ts';
import { createPollLimiter, type PollLimiter } from './poll-limiter.ts';

/**
 * What this process knows of one room, and how it asks Redis about it. Reads and joins of one turn of the event loop go to Redis as one
 * script; the frame is read once a second however many fans look at it.
 *
 *   opened by the first question ──frames every second──► idle for a minute ──► closed
 */
export type OpenRoom = {
  readonly room: RoomId;
  readonly join: (request: JoinRequest) => Promise<JoinReply>;
  /** A sign of life and the place. */
  readonly keepPlace: (place: Place) => Promise<PlaceReply>;
  readonly readPlace: (place: Place) => Promise<PlaceReply>;
  /** The place of an identity; undefined when it holds none. */
  readonly placeOf: (identity: Buffer) => Promise<Place | undefined>;
  readonly polls: PollLimiter;
  /** The latest frame. Throws `recovering` when Redis does not know the room, `unavailable` when it could not be asked for too long. */
  view(): FrameView;
  /** Watched rooms stay open. */
  watch(listener: RoomListener): () => void;
  readonly idleSinceMs: number;
  readonly isWatched: boolean;
  close(): Promise<void>;
};
export type RoomListener = { onFrame(view: FrameView | undefined): void; onCalled(called: readonly CalledPlace[]): void };

/** A frame older than this is not shown any more. */
export const FRAME_AGE_MAX_MS = 5 * SECOND_MS;
export const RECOVERING_RETRY_MS = 5 * SECOND_MS;
export const AWAY_RETRY_MS = 2 * SECOND_MS;

/**
 * Two batches on their way: while one is answered the next is in Redis and the one after it gathers, so batches grow with the load and
 * Redis never has a queue of ours before it.
 */
const BATCHES = { batchMax: BATCH_MAX, inFlightMax: 2, pendingMax: 16_384 };

export type OpenRoomOptions = {
  readonly connection: RoomConnection;
  readonly room: RoomId;
  /** See createPollLimiter. */
  readonly pollBurst: number;
  readonly wallClock: WallClock;
  readonly monotonic: MonotonicClock;
  readonly onError: (error: Error) => void;
};

export async function openRoom({ connection, room, pollBurst, wallClock, monotonic, onError }: OpenRoomOptions): Promise<OpenRoom> {
  const listeners = new Set<RoomListener>();
  const stand = { clock: -1, sinceMs: monotonic() };
  let latest: FrameView | undefined;
  let isUnknown = false;
  let seq = 0;
  let callsInWindow = 0;
  let usedAtMs = monotonic();

  const onFrame = (frame: Frame | null): void => {
    const nowMs = monotonic();
    isUnknown = frame === null;
    if (frame === null) latest = undefined;
    else {
      if (frame.clock !== stand.clock) Object.assign(stand, { clock: frame.clock, sinceMs: nowMs });
      seq = Math.max(seq + 1, Math.floor(wallClock() / 100));
      latest = frameViewOf(frame, { seq, callsInWindow, standsSinceMs: nowMs - stand.sinceMs, readAtMs: nowMs });
      void readGauges(connection, room).then((gauges) => { if (gauges.word === 'gauges') callsInWindow = gauges.callsInWindow; }, onError);
    }
    for (const listener of listeners) listener.onFrame(latest);
  };
  const onCalled = (called: readonly CalledPlace[]): void => { for (const listener of listeners) listener.onCalled(called); };
  const feed: PlaceFeed = openPlaceFeed({ connection, room, onFrame, onCalled, onError });
  await feed.started;

  return {
    room,
    join: gather({ ...BATCHES, batch: (requests: readonly JoinRequest[]) => join(connection, room, requests) }),
    keepPlace: gather({ ...BATCHES, batch: (places: readonly Place[]) => keepPlace(connection, room, places) }),
    readPlace: gather({ ...BATCHES, batch: (places: readonly Place[]) => readPlace(connection, room, places) }),
    placeOf: gather({ ...BATCHES, batch: (identities: readonly Buffer[]) => placesOf(connection, room, identities) }),
    polls: createPollLimiter(pollBurst),
    view() {
      usedAtMs = monotonic();
      if (isUnknown) throw new ProblemError('recovering', { retryAfterMs: RECOVERING_RETRY_MS });
      if (latest === undefined || usedAtMs - latest.readAtMs > FRAME_AGE_MAX_MS) throw new ProblemError('unavailable', { retryAfterMs: AWAY_RETRY_MS });
      return latest;
    },
    watch(listener) {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
    get idleSinceMs() { return usedAtMs; },
    get isWatched() { return listeners.size > 0; },
    close: () => feed.stop(),
  };
}

/** Places of up to BATCH_MAX identities; one read, changes nothing. */
async function placesOf(connection: RoomConnection, room: RoomId, identities: readonly Buffer[]): Promise<(Place | undefined)[]> {
  const who = keysOf(room).find((key) => key.endsWith(':who')) as string;
  const found = await connection.redis.hmget(who, ...identities).catch((error: Error) => {
    throw new RoomUnreachable(`places of identities: ${error.message}`, { cause: error });
  });
  return found.map((place) => (place === null ? undefined : (Number(place) as Place)));
}
