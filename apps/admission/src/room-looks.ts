import { ProblemError } from '@onsale/contract';
import { SECOND_MS, type RoomId } from '@onsale/kernel';
import { readFrame, readListed, type Listed } from '@onsale/waiting-room';
import { FRAME_AGE_MAX_MS, RECOVERING_RETRY_MS, RoomFrames, type RoomFramesOptions } from './room-frames.ts';

/**
 * Reads of rooms that have no feed here. A room is asked about once a second at most and by one question at a time, whoever asks and however many; a
 * look opens nothing. What is known and what was refused are kept apart, so that invented rooms push out no real one.
 *
 *   Redis knows the room                            its frame
 *   never made (the list of rooms is confirmed)     not-found
 *   made, its data gone; or no confirmed list       recovering: after a wipe nobody must hear that the room, and the place in it, never was
 *   closed, its data gone as they should            room-not-open
 */
export type RoomLooks = {
  /** The frame, no older than a second if Redis answers. Rejects with the refusal of a room that Redis does not know. */
  look(room: RoomId): Promise<RoomFrames>;
  /** The same when it needs no question. */
  peek(room: string): RoomFrames | undefined;
  readonly size: number;
};

export const LOOK_EVERY_MS = SECOND_MS;
/** Frames, and refusals, kept at most; past it the one that was asked for first is forgotten, which costs one question. */
export const LOOKS_MAX = 1_024;

const REFUSAL_OF: Readonly<Record<Listed, () => ProblemError>> = {
  none: () => new ProblemError('not-found', { detail: 'There is no such room.' }),
  closed: () => new ProblemError('room-not-open', { phase: 'closed' }),
  living: () => new ProblemError('recovering', { retryAfterMs: RECOVERING_RETRY_MS }),
  unconfirmed: () => new ProblemError('recovering', { retryAfterMs: RECOVERING_RETRY_MS }),
};

export function createRoomLooks(options: RoomFramesOptions): RoomLooks {
  const { connection, monotonic } = options;
  const known = new Map<string, RoomFrames>();
  const refused = new Map<string, { readonly listed: Listed; readonly untilMs: number }>();
  const asking = new Map<string, Promise<RoomFrames>>();

  const refuse = async (room: RoomId): Promise<never> => {
    known.delete(room);
    const listed = await readListed(connection, room);
    keepAtMost(refused, room, { listed, untilMs: monotonic() + LOOK_EVERY_MS });
    throw REFUSAL_OF[listed]();
  };
  const ask = async (room: RoomId): Promise<RoomFrames> => {
    const before = known.get(room);
    try {
      const frame = await readFrame(connection, room);
      if (frame === null) return await refuse(room);
      const frames = before ?? new RoomFrames(room, options);
      frames.take(frame);
      keepAtMost(known, room, frames);
      return frames;
    } catch (error) {
      if (error instanceof ProblemError || before === undefined || before.ageMs > FRAME_AGE_MAX_MS) throw error;
      return before;
    }
  };
  const peek = (room: string): RoomFrames | undefined => {
    const frames = known.get(room);
    return frames !== undefined && frames.ageMs < LOOK_EVERY_MS ? frames : undefined;
  };
  return {
    peek,
    async look(room) {
      const refusal = refused.get(room);
      if (refusal !== undefined && monotonic() < refusal.untilMs) throw REFUSAL_OF[refusal.listed]();
      const frames = peek(room);
      if (frames !== undefined) return frames;
      const question = asking.get(room) ?? ask(room).finally(() => asking.delete(room));
      asking.set(room, question);
      return question;
    },
    get size() { return known.size + refused.size; },
  };
}

function keepAtMost<Value>(kept: Map<string, Value>, key: string, value: Value): void {
  kept.delete(key);
  if (kept.size >= LOOKS_MAX) kept.delete(kept.keys().next().value as string);
  kept.set(key, value);
}
