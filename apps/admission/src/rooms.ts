import { ProblemError } from '@onsale/contract';
import { MINUTE_MS, parseRoomId, SECOND_MS, type RoomId } from '@onsale/kernel';
import { readFrame } from '@onsale/waiting-room';
import { openRoom, RECOVERING_RETRY_MS, type OpenRoom, type OpenRoomOptions } from './open-room.ts';

/**
 * The rooms this process has been asked about. A slug that Redis does not know costs one read a second at most and opens nothing, so
 * made-up slugs can't fill the memory; it is answered `recovering`, never 404: after a wipe Redis does not know the true ones either.
 */
export type Rooms = {
  /** The room, already open, if somebody asked a moment ago: no await on the hot path. */
  peek(slug: string): OpenRoom | undefined;
  /** Throws `not-found` for what is no slug, `recovering` for an unknown room, `overloaded` past ROOMS_MAX. */
  open(slug: string): Promise<OpenRoom>;
  /** Closes what nobody has asked about for a minute. */
  closeIdle(): Promise<void>;
  close(): Promise<void>;
};

export const ROOMS_MAX = 256;
const IDLE_MS = MINUTE_MS;
const UNKNOWN_FOR_MS = SECOND_MS;
/** Unknown slugs remembered for a second at most; beyond it the oldest is forgotten. */
const UNKNOWN_MAX = 1_000;

export type RoomsOptions = Omit<OpenRoomOptions, 'room'>;

export function createRooms(options: RoomsOptions): Rooms {
  const { connection, monotonic } = options;
  const opened = new Map<string, OpenRoom>();
  const opening = new Map<string, Promise<OpenRoom>>();
  const unknownUntil = new Map<string, number>();

  const isUnknown = async (room: RoomId): Promise<boolean> => {
    const until = unknownUntil.get(room);
    if (until !== undefined && monotonic() < until) return true;
    if ((await readFrame(connection, room)) !== null) return false;
    unknownUntil.delete(room);
    if (unknownUntil.size >= UNKNOWN_MAX) unknownUntil.delete(unknownUntil.keys().next().value as string);
    unknownUntil.set(room, monotonic() + UNKNOWN_FOR_MS);
    return true;
  };
  const openNow = async (room: RoomId): Promise<OpenRoom> => {
    if (await isUnknown(room)) throw new ProblemError('recovering', { retryAfterMs: RECOVERING_RETRY_MS });
    if (opened.size >= ROOMS_MAX) throw new ProblemError('overloaded');
    const fresh = await openRoom({ ...options, room });
    opened.set(room, fresh);
    return fresh;
  };
  return {
    peek: (slug) => opened.get(slug),
    async open(slug) {
      const known = opened.get(slug) ?? opening.get(slug);
      if (known !== undefined) return known;
      const room = parseRoomId(slug);
      if (!room.ok) throw new ProblemError('not-found');
      const promise = openNow(room.value).finally(() => opening.delete(slug));
      opening.set(slug, promise);
      return promise;
    },
    async closeIdle() {
      for (const [slug, room] of opened) {
        if (room.isWatched || monotonic() - room.idleSinceMs < IDLE_MS) continue;
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
