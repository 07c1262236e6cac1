import { ProblemError } from '@onsale/contract';
import type { TranslateError } from '@onsale/runtime';
import { RoomUnreachable } from '@onsale/waiting-room';
import { AWAY_RETRY_MS } from './room-frames.ts';

/** Redis away is `unavailable`, not a bug. */
export const translateError: TranslateError = (error) =>
  error instanceof RoomUnreachable ? new ProblemError('unavailable', { retryAfterMs: AWAY_RETRY_MS }) : undefined;
