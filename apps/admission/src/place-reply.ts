import type { PlaceReply, PlaceState as WireState } from '@onsale/contract';
import { MINUTE_MS, SECOND_MS } from '@onsale/kernel';
import { waitBand, type PlaceState, type PlaceView, type WaitBand } from '@onsale/waiting-room';
import type { FrameView } from './frame-view.ts';

/** A place as its fan sees it. PURE: what there is to know comes from the place's view and the room's latest frame. */
export function placeReplyOf(view: PlaceView, { frame, reason }: FrameView, receipt?: string): PlaceReply {
  const position = view.state === 'waiting' && view.ahead !== null ? view.ahead + 1 : null;
  const band = position === null ? null : waitBand(frame.pace, position - 1);
  const reply: PlaceReply = {
    place: view.place,
    epoch: frame.epoch,
    order: view.order,
    state: WIRE_STATE[view.state],
    phase: frame.phase,
    reason,
    position,
    waitBand: band,
    remainingMs: view.remainingMs,
    missedCalls: view.missed,
    maxMisses: frame.settings.maxMisses,
    needsReturn: view.state === 'missed',
    pollAfterMs: pollAfterMs(view, band, frame.settings.ratePerMinute),
  };
  if (receipt !== undefined) reply.receipt = receipt;
  return reply;
}

/** `missed` is an absence that only a press ends (`needsReturn`); a revoked place is over like a lapsed one. */
const WIRE_STATE: Record<PlaceState, WireState> = {
  waiting: 'waiting', absent: 'absent', missed: 'absent', called: 'called', entered: 'entered', redeemed: 'redeemed',
  finished: 'finished', left: 'left', lapsed: 'lapsed', revoked: 'lapsed',
};
export const hasEnded = (state: PlaceState): boolean => state === 'finished' || state === 'left' || state === 'lapsed' || state === 'revoked';

/** Near the front: soon enough that a call is seen with most of its time left. */
export const POLL_NEAR_MS = 2 * SECOND_MS;
/** Far away: half of the least `absentAfter`, so that one lost poll makes nobody absent. */
export const POLL_FAR_MS = 45 * SECOND_MS;
/** Among the first so many a poll is near whatever the pace. */
const FRONT = 50;
/** Polls that a fan makes on the way to the front at least. */
const POLLS_ON_THE_WAY = 8;
const WITH_A_SLOT_MS = 5 * SECOND_MS;
/** Polls are spread by this share, so that a crowd that joined at once does not ask at once. */
const SPREAD = 0.15;

/** When the next question is worth asking: often near the front, seldom far from it. */
function pollAfterMs(view: PlaceView, band: WaitBand | null, ratePerMinute: number | null): number {
  const base = pollBaseMs(view, band, ratePerMinute);
  return Math.round(base * (1 - SPREAD * ((view.place % 64) / 64)));
}

function pollBaseMs(view: PlaceView, band: WaitBand | null, ratePerMinute: number | null): number {
  if (view.state === 'called' || view.state === 'entered') return WITH_A_SLOT_MS;
  if (view.state !== 'waiting' || view.ahead === null) return POLL_FAR_MS;
  if (view.ahead < FRONT) return POLL_NEAR_MS;
  const paceMs = ratePerMinute === null || ratePerMinute === 0 ? 0 : (view.ahead / ratePerMinute) * MINUTE_MS;
  // Observed and promised pace: whichever is faster. Without either: soon, there is nothing to go by.
  const soonestMs = Math.min(band?.p10Ms ?? Infinity, paceMs === 0 ? Infinity : paceMs);
  const waitMs = soonestMs === Infinity ? view.ahead * 10 : soonestMs;
  return Math.min(POLL_FAR_MS, Math.max(POLL_NEAR_MS, waitMs / POLLS_ON_THE_WAY));
}
