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
export type Me = PlaceReply & { readonly at: number };

export type QueueState = {
  /** Whether there is a place, as far as this device knows: only then may the page say that it is kept. */
  readonly keepsPlace: boolean;
  readonly room: RoomReply | null;
  readonly roomAt: number;
  readonly me: Me | null;
  readonly frame: Frame | null;
  readonly frameAt: number;
  /** When the first frame of the present frame's epoch came. */
  readonly epochAt: number;
  readonly link: Link;
  readonly linkAt: number;
  readonly intent: 'stand' | 'gone';
  readonly busy: Busy | null;
  /** The press comes to nothing for now and is tried on by itself. `kept`: the waiting room has let the fan in, only booking is away. */
  readonly late: 'trying' | 'kept' | null;
  readonly trouble: Trouble | null;
  /** What the last press was refused with. It stays until the next press, whatever polls say in between. */
  readonly answered: string | null;
  /** `refused`: this browser takes no cookies, and without one nobody gets past the door. */
  readonly device: 'kept' | 'refused';
  /** People ahead when this place was first seen: where the progress picture starts. */
  readonly firstAhead: number | null;
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
  | { readonly kind: 'device'; readonly device: QueueState['device'] }
  | { readonly kind: 'failed'; readonly code: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'press'; readonly what: Busy }
  | { readonly kind: 'press-late'; readonly kept: boolean }
  | { readonly kind: 'press-failed'; readonly code: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'press-done' }
  | { readonly kind: 'intent'; readonly intent: 'stand' | 'gone' };

/** `keepsPlace`: this device keeps the proof of a place from before. */
export const startState = (intent: 'stand' | 'gone', firstAhead: number | null, keepsPlace = false): QueueState => ({
  keepsPlace,
  room: null,
  roomAt: 0,
  me: null,
  frame: null,
  frameAt: 0,
  epochAt: 0,
  link: 'polling',
  linkAt: 0,
  intent,
  busy: null,
  late: null,
  trouble: null,
  answered: null,
  device: 'kept',
  firstAhead,
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
      return { ...state, ...NO_PLACE, trouble: null };
    case 'ended':
      return { ...state, ...NO_PLACE, intent: 'gone', trouble: { code: 'place-ended', retryAt: now } };
    case 'link':
      return { ...state, link: news.link, linkAt: now };
    case 'asked':
      return { ...state, lastAskedAt: now };
    case 'device':
      return { ...state, device: news.device };
    case 'failed': {
      const wait = news.retryAfterMs ?? (RETRY_MS[Math.min(state.failures, RETRY_MS.length - 1)] as number);
      const link = news.code === 'offline' && state.link !== 'socket' ? 'down' : state.link;
      return { ...state, failures: state.failures + 1, trouble: { code: news.code, retryAt: now + wait }, link };
    }
    case 'press':
      return { ...state, busy: news.what, late: null, trouble: null, answered: null };
    case 'press-late':
      return { ...state, late: news.kept ? 'kept' : 'trying' };
    case 'press-failed':
      return { ...state, busy: null, late: null, answered: news.code, trouble: { code: news.code, retryAt: now + (news.retryAfterMs ?? RETRY_MS[0]) } };
    case 'press-done':
      return { ...state, busy: null, late: null, trouble: null };
    case 'intent':
      return { ...state, intent: news.intent, trouble: null };
  }
}

/** A socket brings a frame at least every 10 s; one that has not is not live, whatever its state says. */
const SOCKET_MS_MAX = 13_000;
/** Polls bring something every few seconds. */
const POLLED_MS_MAX = 20_000;

/** How news really arrives: the age of what is shown decides. */
export function linkAt(state: QueueState, now: number): Link {
  const heardAt = Math.max(state.frameAt, state.linkAt);
  if (state.link === 'socket' && now - heardAt < SOCKET_MS_MAX) return 'socket';
  const newsAt = Math.max(state.frameAt, state.roomAt, state.me?.at ?? 0);
  return state.link === 'down' || now - newsAt > POLLED_MS_MAX ? 'down' : 'polling';
}

const NO_PLACE = { me: null, keepsPlace: false, shownAhead: null, failures: 0 } as const;
const raised = (link: Link): Link => (link === 'down' ? 'polling' : link);

/** The own place from the server beats everything: it is exact. A reply of an older epoch is late news and is dropped. */
function learnPlace(state: QueueState, me: PlaceReply, now: number): QueueState {
  if (state.me !== null && me.epoch < state.me.epoch) return state;
  const samePlace = state.me?.place === me.place;
  const ahead = me.position === null ? null : me.position - 1;
  return {
    ...state,
    me: { ...me, at: now },
    keepsPlace: true,
    failures: 0,
    trouble: null,
    link: raised(state.link),
    firstAhead: ahead === null ? state.firstAhead : Math.max(ahead, samePlace || state.me === null ? (state.firstAhead ?? 0) : 0),
    shownAhead: ahead ?? state.shownAhead,
  };
}

/** Frames of another epoch, or older than the one shown, say nothing about this place any more. */
function learnFrame(state: QueueState, frame: Frame, now: number): QueueState {
  const known = state.frame;
  if (known !== null && (frame.epoch < known.epoch || (frame.epoch === known.epoch && frame.seq < known.seq))) return state;
  const epochAt = known?.epoch === frame.epoch ? state.epochAt : now;
  const next = { ...state, frame, frameAt: now, epochAt, link: raised(state.link) };
  if (state.me?.state !== 'waiting' || state.me.epoch !== frame.epoch) return next;
  const ahead = aheadFromMarks(frame.marks, frame.present, state.me.order)?.count ?? null;
  return { ...next, shownAhead: ahead ?? state.shownAhead };
}

/** The band: what `me` told, carried on to the people ahead by the latest frame. */
export function bandAt(state: QueueState): { readonly p10Ms: number; readonly p90Ms: number } | null {
  const { me } = state;
  if (me?.waitBand == null || me.position === null) return null;
  return carryBand(me.waitBand, me.position - 1, Math.min(state.shownAhead ?? me.position - 1, 10_000_000));
}
