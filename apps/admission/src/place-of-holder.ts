import { ProblemError, type ProblemCode } from '@onsale/contract';
import type { Place } from '@onsale/kernel';
import { restore, type PlaceRefusal, type PlaceView, type RoomConnection } from '@onsale/waiting-room';
import type { Holder } from './holder.ts';
import type { OpenRoom } from './open-room.ts';
import { RECOVERING_RETRY_MS } from './room-frames.ts';

/** The place somebody asks for: the one their receipt names, or the one their identity holds. Rejects with no-receipt when there is none. */
export const placeNumberOf = (open: OpenRoom, holder: Holder): Place | Promise<Place> => holder.receipt?.place ?? placeOfIdentity(open, holder);

async function placeOfIdentity(open: OpenRoom, holder: Holder): Promise<Place> {
  const place = await open.placeOf(holder.identity);
  // Redis may just have lost its tail: that this device has no place is no news then.
  if (place === undefined && open.view().frame.fenced) throw problemOfRefusal('fenced');
  if (place === undefined) throw new ProblemError('no-receipt', { detail: 'This device has no place in this room. Join first.' });
  return place;
}

/** A sign of life, and the place. A place that Redis lost with its tail comes back here, at its own order, by its receipt. */
export async function keepPlaceOf(connection: RoomConnection, open: OpenRoom, holder: Holder): Promise<PlaceView> {
  const place = await placeNumberOf(open, holder);
  const kept = await open.keepPlace(place);
  if (kept.word === 'place') return kept.view;
  return refusedOrRestored(connection, open, holder, kept.word);
}

/** After a refusal: the view of the place if its receipt brought it back, else the refusal as a problem. */
export async function refusedOrRestored(connection: RoomConnection, open: OpenRoom, holder: Holder, word: PlaceRefusal): Promise<PlaceView> {
  if (word !== 'lost' || holder.receipt === undefined) throw problemOfRefusal(word);
  const restored = await restore(connection, open.room, holder.receipt);
  if ('view' in restored) return restored.view;
  if (restored.word === 'full') throw new ProblemError('full', { retryAfterMs: RECOVERING_RETRY_MS });
  if (restored.word === 'closed') throw new ProblemError('room-not-open');
  throw problemOfRefusal(restored.word);
}

const CODE_OF_REFUSAL: Record<PlaceRefusal, ProblemCode> = {
  fenced: 'recovering', 'no-room': 'recovering', lost: 'recovering', unknown: 'recovering', epoch: 'place-ended',
};

/**
 * `unknown` beside a receipt of ours means that Redis lost its tail and no worker has noticed yet: the place is not gone, so the answer is
 * `recovering`. `epoch`: the place is of an older epoch.
 */
export function problemOfRefusal(word: PlaceRefusal): ProblemError {
  const code = CODE_OF_REFUSAL[word];
  return new ProblemError(code, code === 'recovering' ? { retryAfterMs: RECOVERING_RETRY_MS } : {});
}
