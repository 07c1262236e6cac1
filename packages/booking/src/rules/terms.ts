import type { ShowId } from '@onsale/kernel';
import type { SeatLimits } from './seat-limit.ts';

/** What of a show's terms its seats are decided by. */
export type DecidingTerms = {
  readonly show: ShowId;
  /** Slug of the event; the second scope of the limits. */
  readonly event: string;
  readonly limits: SeatLimits;
};
