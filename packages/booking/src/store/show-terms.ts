import type { Currency, ShowId } from '@onsale/kernel';
import type { Pool } from '@onsale/database';
import type { Bilingual } from '../rules/layout.ts';
import type { DecidingTerms } from '../rules/terms.ts';
import { readArrays } from './lock-rows.ts';
import { jsonOf } from './sql-text.ts';

/** What a show is sold under; reread once a second. */
export type ShowTerms = DecidingTerms & {
  readonly eventName: Bilingual;
  readonly venueName: Bilingual;
  readonly startsAt: Date;
  readonly currency: Currency;
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

type TermsColumns = [
  show: ShowId, event: string, eventName: unknown, venueName: unknown, state: ShowTerms['state'], startsAt: Date, opensAt: Date, closesAt: Date,
  currency: Currency, perOrder: number, perPersonAndShow: number, perPersonAndEvent: number, attemptsPerSession: number, ordersPerEntry: number,
  idleSessionMs: number,
  orphanRule: number, feePolicy: number, inWindow: number,
];
export async function readTerms(session: Pick<Pool, 'query'>, shows: readonly ShowId[]): Promise<Map<ShowId, ShowTerms>> {
  const sql = `SELECT show_id, event_id, event_name, venue_name, state, starts_at, opens_at, closes_at, currency,
    per_order, per_person_and_show, per_person_and_event, attempts_per_session, orders_per_entry, idle_session_ms, orphan_rule, fee_policy,
    opens_at <= NOW(3) AND NOW(3) < closes_at FROM show_sale WHERE show_id IN (?) AND state <> 'publishing'`;
  const rows = await readArrays<TermsColumns>(session, sql, [shows]);
  return new Map(rows.map((row) => [row[0], termsOf(row)]));
}
function termsOf([
  show, event, eventName, venueName, state, startsAt, opensAt, closesAt, currency, perOrder, perPersonAndShow, perPersonAndEvent, attemptsPerSession,
  ordersPerEntry, idleSessionMs, orphanRule, feePolicy, inWindow,
]: TermsColumns): ShowTerms {
  return {
    show, event, eventName: jsonOf<Bilingual>(eventName), venueName: jsonOf<Bilingual>(venueName), state, startsAt, opensAt, closesAt, currency, feePolicy,
    limits: { perOrder, perPersonAndShow, perPersonAndEvent, attemptsPerSession, ordersPerEntry, idleSessionMs },
    orphanRule: orphanRule === 1,
    saleOpen: inWindow === 1 && state === 'on-sale',
  };
}
