import type { CalledCursor, CalledSince, Frame } from '../place-feed.ts';
import type { GaugesReply, RoomCounts } from '../read-gauges.ts';
import { LIMITS } from '../rules/limits.ts';
import type { ModelData, ModelRoom } from './model-room.ts';
import { byDeadline, inState, lineOf, slotsInUse } from './standing.ts';

/* What is read of a whole room. Changes nothing, works while fenced. */

function countsOf(data: ModelData): RoomCounts {
  const count = (...states: Parameters<typeof inState>[1][]): number => inState(data, ...states).length;
  return {
    waiting: count('waiting'), absent: count('absent', 'missed'), called: count('called'), entered: count('entered'), redeemed: count('redeemed'),
    slotsInUse: slotsInUse(data),
  };
}

export function readGauges(room: ModelRoom): GaugesReply {
  const { data } = room;
  if (data === null) return { word: 'no-room' };
  const { settings, phase, adoptedRunId, reason, incarnation, clock } = data;
  return {
    word: 'gauges', settings, phase, adoptedRunId, reason, fenced: adoptedRunId !== room.runId, epoch: settings.epoch, incarnation, clock,
    callsInWindow: data.batches.reduce((sum, { n }) => sum + n, 0), counts: countsOf(data), issued: data.next, peakWaiting: data.peakWaiting,
    totals: { ...data.totals },
  };
}

/** The frame of this moment; unlike the real one it has a mark for everybody in line. */
export function readFrame(room: ModelRoom): Frame | null {
  const { data } = room;
  if (data === null) return null;
  const { settings, phase, reason } = data;
  return {
    room: settings.room, settings, phase, reason, epoch: settings.epoch, incarnation: data.incarnation, clock: data.clock,
    counts: countsOf(data), calledThrough: data.through, marks: lineOf(data).map(({ order }, ahead) => ({ order, ahead })),
    pace: { phase, reason, ratePerMinute: settings.ratePerMinute, bucketMs: LIMITS.BUCKET_MS, buckets: [...data.pace.buckets] },
    fenced: data.adoptedRunId !== room.runId,
  };
}

/** Who was called since the cursor; with null, or one that is too old or of another incarnation: all that are called now. */
export function readCalled(room: ModelRoom, cursor: CalledCursor | null): CalledSince {
  const { data } = room;
  if (data === null) return { word: 'no-room' };
  const now = { callNo: data.calls, incarnation: data.incarnation, epoch: data.settings.epoch };
  const fresh = data.calls - (cursor?.callNo ?? -1);
  const isKnown = cursor !== null && cursor.incarnation === now.incarnation && cursor.epoch === now.epoch && fresh >= 0;
  if (isKnown && fresh <= data.recent.length) return { word: 'called', cursor: now, called: fresh === 0 ? [] : data.recent.slice(-fresh), all: false };
  const called = inState(data, 'called').sort(byDeadline).map(({ place, order, slot }) => ({ place, order, callNo: slot?.callNo ?? 0 }));
  return { word: 'called', cursor: now, called, all: true };
}
