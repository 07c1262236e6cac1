import type { Frame as WireFrame, StandstillReason } from '@onsale/contract';
import type { Frame, LimitReason } from '@onsale/waiting-room';
import { SECOND_MS } from '@onsale/kernel';
import { NEAR_AHEAD } from './sockets/place-hub.ts';

/**
 * The frame as everybody in the room sees it: built and encoded once a second, whoever asks for it and however many there are.
 */
export type FrameView = {
  readonly frame: Frame;
  readonly reason: StandstillReason | null;
  readonly text: string;
  readonly etag: string;
  /** Orders behind it are far from the front (see PlaceHub). */
  readonly farBeyondOrder: number;
  /** Monotonic time at which it was read. */
  readonly readAtMs: number;
};

/** The room clock stands still for this long in an open room: no worker is calling. */
export const CALLER_AWAY_AFTER_MS = 5 * SECOND_MS;

export type Reading = {
  /** Rises from frame to frame, also across processes (tenths of wall seconds). */
  readonly seq: number;
  /** Calls in the last minute of the room clock. */
  readonly callsInWindow: number;
  /** How long the room clock has not moved. */
  readonly standsSinceMs: number;
  readonly readAtMs: number;
};

export function frameViewOf(frame: Frame, { seq, callsInWindow, standsSinceMs, readAtMs }: Reading): FrameView {
  const reason = standstillOf(frame, standsSinceMs);
  const wire: WireFrame = {
    type: 'frame', room: frame.room, epoch: frame.epoch, seq, phase: frame.phase, reason,
    present: frame.counts.waiting,
    calledThrough: frame.calledThrough === 0 ? null : frame.calledThrough,
    callsLastMinute: callsInWindow,
    marks: frame.marks.map(({ order, ahead }): [number, number] => [order, ahead]),
  };
  const far = frame.marks.find(({ ahead }) => ahead >= NEAR_AHEAD);
  return { frame, reason, text: JSON.stringify(wire), etag: `"${frame.epoch}-${seq}"`, farBeyondOrder: far?.order ?? Infinity, readAtMs };
}

/** Why nobody, or fewer than usual, are called; null when the line moves at its pace. */
function standstillOf(frame: Frame, standsSinceMs: number): StandstillReason | null {
  if (frame.fenced) return 'recovering';
  if (frame.phase === 'open' && standsSinceMs >= CALLER_AWAY_AFTER_MS) return 'caller-away';
  const isRate = frame.reason === 'rate' || frame.reason === 'rate-lowered';
  // A rate of nought calls nobody until somebody raises it: for fans that is a pause, and "within a minute" would be untrue.
  if (isRate && frame.settings.ratePerMinute === 0) return 'paused';
  return REASON_OF_LIMIT[frame.reason];
}

const REASON_OF_LIMIT: Record<LimitReason, StandstillReason | null> = {
  line: null, rate: null, batch: null,
  'rate-lowered': 'rate-lowered', capacity: 'capacity', scheduled: 'scheduled', paused: 'paused', closed: 'closed', recovering: 'recovering',
  returning: 'returning', readopted: 'recovering',
};
