import type { MonotonicClock, Place, RoomId } from '@onsale/kernel';
import { gather } from '@onsale/runtime';
import {
  BATCH_MAX, join, keepPlace, keysOf, openPlaceFeed, readPlace, RoomUnreachable,
  type CalledPlace, type Frame, type JoinReply, type JoinRequest, type PlaceFeed, type PlaceReply, type RoomConnection,
} from '@onsale/waiting-room';
import type { FrameView } from './frame-view.ts';
import { limiterOfRoom, type PollLimiter } from './poll-limiter.ts';
import type { RoomFrames, RoomFramesOptions } from './room-frames.ts';

/**
 * A room with a feed: what this process knows of it, and how it asks Redis about it. Reads and joins of one turn of the event loop go to Redis
 * as one script; the frame is read once a second however many fans look at it.
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
  readonly frames: RoomFrames;
  /** The latest frame, for who uses the room. Throws like `frames.view()`. */
  view(): FrameView;
  watch(listener: RoomListener): () => void;
  /** Monotonic time at which its view was asked for last. */
  readonly usedAtMs: number;
  /** Somebody with a place hears it: it stays open. */
  readonly isWatched: boolean;
  /** Its feed has stopped: it hears nothing any more. */
  readonly isClosed: boolean;
  close(): Promise<void>;
};
export type RoomListener = {
  onFrame(view: FrameView | undefined): void;
  onCalled(called: readonly CalledPlace[]): void;
  /** It has nobody to tell. */
  readonly isIdle: boolean;
};

/**
 * Two batches on their way: while one is answered the next is in Redis and the one after it gathers, so batches grow with the load and
 * Redis never has a queue of ours before it.
 */
const BATCHES = { batchMax: BATCH_MAX, inFlightMax: 2, pendingMax: 16_384 };

export type OpenRoomOptions = RoomFramesOptions & {
  readonly connection: RoomConnection;
  readonly frames: RoomFrames;
  /** Of the process. */
  readonly polls: PollLimiter;
  readonly monotonic: MonotonicClock;
};

/** Resolves once the feed has read its first frame, or has not been able to. */
export async function openRoom({ connection, frames, polls, monotonic, onError }: OpenRoomOptions): Promise<OpenRoom> {
  const { room } = frames;
  const listeners = new Set<RoomListener>();
  let usedAtMs = monotonic();
  let isClosed = false;

  const onFrame = (frame: Frame | null): void => {
    const view = frames.take(frame);
    for (const listener of listeners) listener.onFrame(view);
  };
  const onCalled = (called: readonly CalledPlace[]): void => { for (const listener of listeners) listener.onCalled(called); };
  const feed: PlaceFeed = openPlaceFeed({ connection, room, onFrame, onCalled, onError });
  await feed.started;

  return {
    room,
    frames,
    join: gather({ ...BATCHES, batch: (requests: readonly JoinRequest[]) => join(connection, room, requests) }),
    keepPlace: gather({ ...BATCHES, batch: (places: readonly Place[]) => keepPlace(connection, room, places) }),
    readPlace: gather({ ...BATCHES, batch: (places: readonly Place[]) => readPlace(connection, room, places) }),
    placeOf: gather({ ...BATCHES, batch: (identities: readonly Buffer[]) => placesOf(connection, room, identities) }),
    polls: limiterOfRoom(polls, room),
    view() {
      usedAtMs = monotonic();
      return frames.view();
    },
    watch(listener) {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
    get usedAtMs() { return usedAtMs; },
    get isWatched() { return [...listeners].some((listener) => !listener.isIdle); },
    get isClosed() { return isClosed; },
    close() {
      isClosed = true;
      return feed.stop();
    },
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
