import { ProblemError } from '@onsale/contract';
import type { TranslateError } from '@onsale/runtime';
import { GatherFull, RoomUnreachable } from '@onsale/waiting-room';
import { AWAY_RETRY_MS } from './open-room.ts';

/** Redis away is `unavailable`, not a bug; too many questions at once are shed. */
export const translateError: TranslateError = (error) => {
  if (error instanceof RoomUnreachable) return new ProblemError('unavailable', { retryAfterMs: AWAY_RETRY_MS });
  if (error instanceof GatherFull) return new ProblemError('overloaded');
  return undefined;
};
