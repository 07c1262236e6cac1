import { SECOND_MS, type Place, type RoomId } from '@onsale/kernel';
import type { CalledPlace } from './call.ts';
import type { RoomConnection } from './connection.ts';
import type { RoomCounts } from './read-gauges.ts';
import { LIMITS } from './rules/limits.ts';
import type { Mark } from './rules/marks.ts';
import type { RoomSettings } from './rules/settings.ts';
import type { PaceReading } from './rules/wait-band.ts';
import type { LimitReason, Phase } from './rules/words.ts';
import { runScript, scriptOf } from './script.ts';

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
export type CalledSince =
  | { readonly word: 'called'; readonly cursor: CalledCursor; readonly called: readonly CalledPlace[]; readonly all: boolean }
  | { readonly word: 'no-room' };
export type CalledCursor = { readonly callNo: number; readonly incarnation: number; readonly epoch: number };

/** Who was called since the cursor; with null: all that are called now. Read-only, costs as much as there are new calls. */
export async function readCalled(connection: RoomConnection, room: RoomId, cursor: CalledCursor | null): Promise<CalledSince> {
  const args = { callNo: cursor?.callNo ?? -1, incarnation: cursor?.incarnation ?? 0, epoch: cursor?.epoch ?? 0 };
  const reply = (await runScript(connection, scriptOf('read-called'), room, args)) as
    ['no-room'] | ['called', string, string, string, number, string[]];
  if (reply[0] === 'no-room') return { word: 'no-room' };
  const [word, callNo, incarnation, epoch, all, rows] = reply;
  const called = rows.map((row) => {
    const [no, place, order] = row.split(':').map(Number) as [number, number, number];
    return { place: place as Place, order, callNo: no };
  });
  return { word, cursor: { callNo: Number(callNo), incarnation: Number(incarnation), epoch: Number(epoch) }, called, all: all === 1 };
}

/** The frame of this moment; a feed computes it once a second per process. Null: Redis does not know the room. */
export async function readFrame(connection: RoomConnection, room: RoomId): Promise<Frame | null> {
  const reply = (await runScript(connection, scriptOf('read-frame'), room, {})) as
    ['no-room'] | ['frame', string[], number[], (string | number)[], string[]];
  if (reply[0] === 'no-room') return null;
  const [, fields, counts, flatMarks, buckets] = reply;
  const [settings, phaseText, adoptedRunId, reasonText, rate, epoch, incarnation, clock, through] = fields as [
    string, string, string, string, string, string, string, string, string];
  const [waiting, absent, called, entered, redeemed] = counts as [number, number, number, number, number];
  const phase = phaseText as Phase;
  const reason = reasonText as LimitReason;
  const marks: Mark[] = [];
  for (let index = 0; index < flatMarks.length; index += 2) marks.push({ order: Number(flatMarks[index]), ahead: Number(flatMarks[index + 1]) });
  return {
    room, phase, reason, marks,
    settings: JSON.parse(settings) as RoomSettings,
    epoch: Number(epoch), incarnation: Number(incarnation), clock: Number(clock), calledThrough: Number(through),
    counts: { waiting, absent, called, entered, redeemed, slotsInUse: called + entered + redeemed },
    pace: { phase, reason, ratePerMinute: Number(rate) < 0 ? null : Number(rate), bucketMs: LIMITS.BUCKET_MS, buckets: buckets.map(Number) },
    fenced: adoptedRunId !== connection.runId(),
  };
}

export type PlaceFeedOptions = {
  readonly connection: RoomConnection;
  readonly room: RoomId;
  /** Every second: the new frame, or null when the room is unknown to Redis. */
  readonly onFrame?: (frame: Frame | null) => void;
  /** Within 100 ms of a call. A place may be named twice (after `all`); nobody is left out. */
  readonly onCalled?: (called: readonly CalledPlace[]) => void;
  /** Redis could not be asked, or a listener threw; the feed goes on. */
  readonly onError?: (error: Error) => void;
  readonly frameEveryMs?: number;
  readonly calledEveryMs?: number;
};
export type PlaceFeed = {
  /** The latest frame; undefined before the first, null when Redis does not know the room. */
  frame(): Frame | null | undefined;
  /** Resolves after the first frame was read (or could not be). */
  readonly started: Promise<void>;
  /** Resolves when no listener will be called any more. */
  stop(): Promise<void>;
};
const CALLED_EVERY_MS = 100;

/** One per room and process: two loops that read the frame and the calls and tell their listeners. */
export function openPlaceFeed(options: PlaceFeedOptions): PlaceFeed {
  const { connection, room, onFrame, onCalled, onError, frameEveryMs = SECOND_MS, calledEveryMs = CALLED_EVERY_MS } = options;
  let latest: Frame | null | undefined;
  let cursor: CalledCursor | null = null;
  const stopping = new AbortController();

  const frameStep = async (): Promise<void> => {
    latest = await readFrame(connection, room);
    if (!stopping.signal.aborted) onFrame?.(latest);
  };
  const calledStep = async (): Promise<void> => {
    const since = await readCalled(connection, room, cursor);
    if (since.word === 'no-room' || stopping.signal.aborted) return;
    cursor = since.cursor;
    if (since.called.length > 0) onCalled?.(since.called);
  };
  const loop = async (step: () => Promise<void>, everyMs: number, firstDone: () => void): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await step();
      } catch (error) {
        onError?.(error as Error);
      }
      firstDone();
      await pause(everyMs, stopping.signal);
    }
  };
  const { promise: started, resolve: firstDone } = Promise.withResolvers<void>();
  const loops = [loop(frameStep, frameEveryMs, firstDone), ...(onCalled === undefined ? [] : [loop(calledStep, calledEveryMs, () => {})])];
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(loops);
  };
  return { frame: () => latest, started, stop };
}

/** Waits, or less when the signal aborts; keeps no process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
