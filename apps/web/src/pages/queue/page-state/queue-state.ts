import type { Frame, PlaceReply, RoomReply } from '@onsale/contract';
import { aheadFromMarks } from './ahead.ts';
import { carryBand } from './wait-words.ts';

/**
 * What the queue page knows, and how each piece of news changes it. Pure: time is a monotonic `now` in milliseconds.
 *
 *   link      down ⇄ polling ⇄ socket                      how news arrives; polling is the truth, the socket is quicker
 *   place     none → lobby / waiting ⇄ absent → called → entered → redeemed → finished
 *                                └─ missed (needs the fan's press) ─┘      left, lapsed from anywhere
 *   intent    stand: the page takes and keeps a place.   gone: the fan has left; nothing is taken without a press.
 */
export type Link = 'down' | 'polling' | 'socket';
export type Busy = 'join' | 'return' | 'enter' | 'leave';
export type Trouble = { readonly code: string; readonly retryAt: number };
export type Rise = { readonly kind: 'returned'; readonly more: number } | { readonly kind: 'slower' };
export type Me = PlaceReply & { readonly at: number };

export type QueueState = {
  readonly room: RoomReply | null;
  readonly roomAt: number;
  readonly me: Me | null;
  readonly frame: Frame | null;
  readonly frameAt: number;
  readonly link: Link;
  readonly intent: 'stand' | 'gone';
  readonly busy: Busy | null;
  /** The press comes to nothing for now and is tried on by itself. `kept`: the waiting room has let the fan in, only booking is away. */
  readonly late: 'trying' | 'kept' | null;
  readonly trouble: Trouble | null;
  /** People ahead when this place was first seen: where the progress picture starts. */
  readonly firstAhead: number | null;
  /** Why the last figure rose, until it has fallen below what it rose from. */
  readonly rise: Rise | null;
  readonly shownAhead: number | null;
  /** Polls of the own place that failed in a row. */
  readonly failures: number;
  readonly lastAskedAt: number;
};

export type News =
  | { readonly kind: 'room'; readonly room: RoomReply }
  | { readonly kind: 'me'; readonly me: PlaceReply }
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'no-place' }
  /** The server says that this place is over and no longer says how. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'asked' }
  | { readonly kind: 'failed'; readonly code: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'press'; readonly what: Busy }
  | { readonly kind: 'press-late'; readonly kept: boolean }
  | { readonly kind: 'press-failed'; readonly code: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'press-done' }
  | { readonly kind: 'intent'; readonly intent: 'stand' | 'gone' };

export const startState = (intent: 'stand' | 'gone', firstAhead: number | null): QueueState => ({
  room: null,
  roomAt: 0,
  me: null,
  frame: null,
  frameAt: 0,
  link: 'polling',
  intent,
  busy: null,
  late: null,
  trouble: null,
  firstAhead,
  rise: null,
  shownAhead: null,
  failures: 0,
  lastAskedAt: -Infinity,
});

/** Without advice of the server, the n-th failure in a row waits this long. */
const RETRY_MS = [2_000, 4_000, 8_000, 15_000, 30_000] as const;

export function learn(state: QueueState, news: News, now: number): QueueState {
  switch (news.kind) {
    case 'room':
      return { ...state, room: news.room, roomAt: now, failures: 0, trouble: null, link: raised(state.link) };
    case 'me':
      return learnPlace(state, news.me, now);
    case 'frame':
      return learnFrame(state, news.frame, now);
    case 'no-place':
      return { ...state, me: null, shownAhead: null, rise: null, failures: 0, trouble: null };
    case 'ended':
      return { ...state, me: null, shownAhead: null, rise: null, failures: 0, intent: 'gone', trouble: { code: 'place-ended', retryAt: now } };
    case 'link':
      return { ...state, link: news.link };
    case 'asked':
      return { ...state, lastAskedAt: now };
    case 'failed': {
      const wait = news.retryAfterMs ?? (RETRY_MS[Math.min(state.failures, RETRY_MS.length - 1)] as number);
      const link = news.code === 'offline' && state.link !== 'socket' ? 'down' : state.link;
      return { ...state, failures: state.failures + 1, trouble: { code: news.code, retryAt: now + wait }, link };
    }
    case 'press':
      return { ...state, busy: news.what, late: null, trouble: null };
    case 'press-late':
      return { ...state, late: news.kept ? 'kept' : 'trying' };
    case 'press-failed':
      return { ...state, busy: null, late: null, trouble: { code: news.code, retryAt: now + (news.retryAfterMs ?? RETRY_MS[0]) } };
    case 'press-done':
      return { ...state, busy: null, late: null, trouble: null };
    case 'intent':
      return { ...state, intent: news.intent, trouble: null };
  }
}

const raised = (link: Link): Link => (link === 'down' ? 'polling' : link);

/** The own place from the server beats everything: it is exact. A reply of an older epoch is late news and is dropped. */
function learnPlace(state: QueueState, me: PlaceReply, now: number): QueueState {
  if (state.me !== null && me.epoch < state.me.epoch) return state;
  const samePlace = state.me?.place === me.place;
  const ahead = me.position === null ? null : me.position - 1;
  const next: QueueState = {
    ...state,
    me: { ...me, at: now },
    failures: 0,
    trouble: null,
    link: raised(state.link),
    firstAhead: ahead === null ? state.firstAhead : Math.max(ahead, samePlace || state.me === null ? (state.firstAhead ?? 0) : 0),
    shownAhead: ahead ?? state.shownAhead,
  };
  return { ...next, rise: samePlace ? riseOf(state, next, ahead) : null };
}

/** Frames of another epoch, or older than the one shown, say nothing about this place any more. */
function learnFrame(state: QueueState, frame: Frame, now: number): QueueState {
  const known = state.frame;
  if (known !== null && (frame.epoch < known.epoch || (frame.epoch === known.epoch && frame.seq < known.seq))) return state;
  const next = { ...state, frame, frameAt: now, link: raised(state.link) };
  if (state.me?.state !== 'waiting' || state.me.epoch !== frame.epoch) return next;
  const ahead = aheadFromMarks(frame.marks, frame.present, state.me.order)?.count ?? null;
  return { ...next, rise: riseOf(state, next, ahead), shownAhead: ahead ?? state.shownAhead };
}

/** Growth of the estimated wait that is told as "slower". */
const SLOWER_FROM = 1.25;

function riseOf(before: QueueState, after: QueueState, ahead: number | null): Rise | null {
  const shown = before.shownAhead;
  if (ahead !== null && shown !== null && ahead > shown) {
    const more = ahead - shown + (before.rise?.kind === 'returned' ? before.rise.more : 0);
    return { kind: 'returned', more };
  }
  const waitBefore = bandAt(before)?.p90Ms;
  const waitAfter = after.me !== before.me ? after.me?.waitBand?.p90Ms : undefined;
  if (waitBefore !== undefined && waitAfter !== undefined && waitAfter > waitBefore * SLOWER_FROM && waitAfter - waitBefore > 60_000)
    return { kind: 'slower' };
  if (before.rise?.kind === 'returned' && ahead !== null && shown !== null) {
    const left = before.rise.more - (shown - ahead);
    return left > 0 ? { kind: 'returned', more: left } : null;
  }
  return after.me === before.me ? before.rise : null;
}

/** The band: what `me` told, carried on to the people ahead by the latest frame. */
export function bandAt(state: QueueState): { readonly p10Ms: number; readonly p90Ms: number } | null {
  const { me } = state;
  if (me?.waitBand == null || me.position === null) return null;
  return carryBand(me.waitBand, me.position - 1, Math.min(state.shownAhead ?? me.position - 1, 10_000_000));
}
