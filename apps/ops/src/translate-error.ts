import { ProblemError } from '@onsale/contract';
import { DatabaseBusy, isUnavailable } from '@onsale/database';
import type { TranslateError } from '@onsale/runtime';
import { RoomUnreachable } from '@onsale/waiting-room';

const AWAY_RETRY_MS = 2_000;

/** A store that is away or full is no bug of the request: 503 with a time. */
export const translateError: TranslateError = (error) => {
  if (error instanceof RoomUnreachable) return new ProblemError('unavailable', { retryAfterMs: AWAY_RETRY_MS });
  if (error instanceof DatabaseBusy) return new ProblemError('overloaded', { retryAfterMs: error.retryAfterMs });
  if (isUnavailable(error)) return new ProblemError('unavailable', { retryAfterMs: error.retryAfterMs });
  return undefined;
};
