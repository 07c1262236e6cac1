import { linkAt, type QueueState } from './queue-state.ts';

/**
 * What the page asks next and when, in monotonic milliseconds; null: not at all. Polling is the truth at any time; with a
 * socket the own place is still asked every 45 s, which is also the sign of life that a silent network would swallow.
 */
export type Plan = {
  readonly roomAt: number | null;
  readonly meAt: number | null;
  readonly frameAt: number | null;
  readonly joinAt: number | null;
};

const ME_WITH_SOCKET_MS = 45_000;
const FRAME_MS = 3_000;
const ROOM_MS = 10_000;
/** Two questions about the own place are never closer than this, whatever happens. */
const ME_GAP_MS = 1_500;
const PAST_DEADLINE_MS = 400;
/** The room was started over: every page asks what has become of its place, within this time, each at a moment of its own. */
const NEW_EPOCH_SPREAD_MS = 3_000;
const OVER: readonly string[] = ['finished', 'left', 'lapsed'];

/** A tab that follows another one asks for itself once it has been told nothing for this long. */
const FOLLOW_MS_MAX = 15_000;

/**
 * `random` in [0, 1): a room that opens is not asked by everybody in the same millisecond. `follows`: another tab of this browser asks, and
 * tells this one what it learns.
 */
export function planOf(state: QueueState, hidden: boolean, random: number, now: number, follows = false): Plan {
  const held = state.trouble === null ? now : Math.max(now, state.trouble.retryAt);
  if (state.busy !== null) return { roomAt: null, meAt: null, frameAt: null, joinAt: null };
  if (state.me === null) return planWithoutPlace(state, held, random, now);
  if (OVER.includes(state.me.state)) return { roomAt: null, meAt: null, frameAt: null, joinAt: null };
  if (follows) {
    const toldAt = Math.max(state.me.at, state.frameAt, state.lastAskedAt);
    return { roomAt: null, meAt: Math.max(held, toldAt + (hidden ? Infinity : FOLLOW_MS_MAX)), frameAt: null, joinAt: null };
  }
  const link = linkAt(state, now);
  const meAt = Math.max(held, meDue(state, random, now), state.lastAskedAt + ME_GAP_MS);
  // A hidden page shows nothing: it sends signs of life and listens for its turn.
  const frameAt =
    link === 'socket' || hidden || !['lobby', 'waiting', 'absent'].includes(state.me.state) ? null : Math.max(held, state.frameAt + FRAME_MS);
  return { roomAt: null, meAt, frameAt, joinAt: null };
}

function meDue(state: QueueState, random: number, now: number): number {
  const me = state.me;
  if (me === null) return now;
  const regular = me.at + (linkAt(state, now) === 'socket' ? Math.max(me.pollAfterMs, ME_WITH_SOCKET_MS) : me.pollAfterMs);
  const deadline = me.remainingMs === null ? Infinity : me.at + me.remainingMs + PAST_DEADLINE_MS;
  const restarted = isOfOlderEpoch(state) ? state.epochAt + random * NEW_EPOCH_SPREAD_MS : Infinity;
  return Math.min(regular, deadline, restarted, calledPast(state) ? now : Infinity);
}

/** The frame is of a newer epoch than what the place was last told. */
function isOfOlderEpoch({ frame, me, epochAt }: QueueState): boolean {
  return me !== null && frame !== null && frame.epoch > me.epoch && epochAt > me.at;
}

/** The frame says that calls have passed this order: ask at once, it may be this place's turn. */
export function calledPast(state: QueueState): boolean {
  const { frame, me } = state;
  return (
    me !== null &&
    me.state === 'waiting' &&
    frame !== null &&
    frame.epoch === me.epoch &&
    frame.calledThrough !== null &&
    frame.calledThrough >= me.order &&
    state.frameAt > me.at
  );
}

function planWithoutPlace(state: QueueState, held: number, random: number, now: number): Plan {
  const { room } = state;
  const none = { roomAt: null, meAt: null, frameAt: null, joinAt: null };
  if (room === null) return { ...none, roomAt: held };
  if (state.intent === 'gone') return none;
  if (['lobby', 'drawing', 'open', 'paused'].includes(room.phase)) return { ...none, joinAt: held };
  const opensAt = room.opensInMs === null ? Infinity : state.roomAt + room.opensInMs + random * 1_000;
  const regular = state.roomAt + ROOM_MS * (1 + random * 0.3);
  return { ...none, roomAt: Math.max(held, Math.min(regular, Math.max(opensAt, now + 500))) };
}

export const earliest = (plan: Plan): number => Math.min(plan.roomAt ?? Infinity, plan.meAt ?? Infinity, plan.frameAt ?? Infinity, plan.joinAt ?? Infinity);
