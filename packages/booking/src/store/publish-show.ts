import type { Currency, ShowId } from '@onsale/kernel';
import type { Pool } from '@onsale/database';
import type { Bilingual, LayoutDoc } from '../rules/layout.ts';
import type { SeatLimits } from '../rules/seat-limit.ts';

/** Everything of a show that booking owns from its publication on. */
export type ShowToPublish = {
  readonly show: ShowId;
  readonly event: string;
  readonly eventName: Bilingual;
  readonly venueName: Bilingual;
  readonly startsAt: Date;
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly currency: Currency;
  readonly layout: LayoutDoc;
  readonly limits?: Partial<SeatLimits>;
  readonly orphanRule?: boolean;
  readonly feePolicy?: number;
};
/** Copies the seats and terms into booking's tables, once; again with the same id: `already` and nothing is changed. Ends with ANALYZE. */
export async function publishShow(pool: Pool, show: ShowToPublish): Promise<'published' | 'already'> {
  throw new Error(`not built yet: ${pool.role} ${show.show}`);
}
