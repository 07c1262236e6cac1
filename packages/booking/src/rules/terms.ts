import type { Currency, OpaqueId, ShowId } from '@onsale/kernel';
import type { Bilingual } from './layout.ts';
import type { SeatLimits } from './seat-limit.ts';

/** What a show is sold under; reread once a second. */
export type ShowTerms = {
  readonly show: ShowId;
  /** Slug of the event; the second scope of the limits. */
  readonly event: string;
  readonly eventName: Bilingual;
  readonly venueName: Bilingual;
  readonly startsAt: Date;
  readonly currency: Currency;
  readonly limits: SeatLimits;
  /** Refuse choices that would leave a single seat alone. */
  readonly orphanRule: boolean;
  /** By the database's clock at the last reading. */
  readonly saleOpen: boolean;
  readonly state: 'on-sale' | 'cancelled';
  readonly opensAt: Date;
  readonly closesAt: Date;
  /** Version of the cancellation-fee ladder that an order buys. */
  readonly feePolicy: number;
};
export type Holder = { readonly person: OpaqueId; readonly session: OpaqueId };
