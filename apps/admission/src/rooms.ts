import { ProblemError } from '@onsale/contract';
import { MINUTE_MS, parseRoomId, type RoomId } from '@onsale/kernel';
import type { FrameView } from './frame-view.ts';
import { openRoom, type OpenRoom, type OpenRoomOptions } from './open-room.ts';
import { createRoomLooks } from './room-looks.ts';

/**
 * The rooms this process has been asked about. Whoever joins, has a place or opens a socket opens the room's feed; whoever only reads opens
 * nothing (RoomLooks). At `feedsMax` the feed that nobody watches and that was used the longest ago yields, so no number of rooms asked for
 * locks another one out.
 *
 *   joined, asked for a place, socket ──► feed ── a minute unused, or the longest unused when another needs the room ──► closed
 */
export type Rooms = {
  /** The room, if it has a feed already: no await on the hot path. */
  peek(slug: string): OpenRoom | undefined;
  /** Opens its feed. Throws what `look` throws, and `overloaded` when all feeds are watched. */
  open(slug: string): Promise<OpenRoom>;
  /** Its frame, for who only reads. Throws `not-found` for what is no slug, and the refusals of RoomLooks for what Redis does not know. */
  look(slug: string): FrameView | Promise<FrameView>;
  /** Rooms with a feed. */
  readonly size: number;
  /** Closes what nobody has asked about for a minute. */
  closeIdle(): Promise<void>;
  close(): Promise<void>;
};

export const FEEDS_MAX = 256;
const IDLE_MS = MINUTE_MS;

export type RoomsOptions = Omit<OpenRoomOptions, 'frames'> & { readonly feedsMax?: number };

export function createRooms({ feedsMax = FEEDS_MAX, ...options }: RoomsOptions): Rooms {
  const { monotonic, onError } = options;
  const opened = new Map<string, OpenRoom>();
  const opening = new Map<string, Promise<OpenRoom>>();
  const looks = createRoomLooks(options);
  let starting = 0;

  const peek = (slug: string): OpenRoom | undefined => {
    const open = opened.get(slug);
    // One that Redis has forgotten meanwhile is asked for anew: whether it is gone, or away, is for the list of rooms to say.
    return open === undefined || open.frames.isUnknown ? undefined : open;
  };
  const openNow = async (room: RoomId): Promise<OpenRoom> => {
    const frames = await looks.look(room);
    const present = opened.get(room);
    if (present !== undefined) return present;
    if (opened.size + starting >= feedsMax) yieldOne(opened).catch(onError);
    starting += 1;
    try {
      const fresh = await openRoom({ ...options, frames });
      opened.set(room, fresh);
      return fresh;
    } finally {
      starting -= 1;
    }
  };
  return {
    peek,
    async open(slug) {
      const known = peek(slug) ?? opening.get(slug);
      if (known !== undefined) return known;
      const promise = openNow(roomIdOf(slug)).finally(() => opening.delete(slug));
      opening.set(slug, promise);
      return promise;
    },
    look(slug) {
      const frames = peek(slug)?.frames ?? looks.peek(slug);
      return frames === undefined ? looks.look(roomIdOf(slug)).then((asked) => asked.view()) : frames.view();
    },
    get size() { return opened.size; },
    async closeIdle() {
      for (const [slug, room] of opened) {
        if (room.isWatched || monotonic() - room.usedAtMs < IDLE_MS) continue;
        opened.delete(slug);
        await room.close();
      }
    },
    async close() {
      const rooms = [...opened.values()];
      opened.clear();
      await Promise.all(rooms.map((room) => room.close()));
    },
  };
}

/** Closes the feed that nobody watches and that was used the longest ago. Throws `overloaded`, at once, when all are watched. */
function yieldOne(opened: Map<string, OpenRoom>): Promise<void> {
  let longest: OpenRoom | undefined;
  for (const open of opened.values()) if (!open.isWatched && open.usedAtMs < (longest?.usedAtMs ?? Infinity)) longest = open;
  if (longest === undefined) throw new ProblemError('overloaded');
  opened.delete(longest.room);
  return longest.close();
}

/** Throws `not-found` for what cannot be a room. */
export function roomIdOf(slug: string): RoomId {
  const room = parseRoomId(slug);
  if (!room.ok) throw new ProblemError('not-found');
  return room.value;
}
