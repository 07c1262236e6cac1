import type { Currency, ShowId } from '@onsale/kernel';
import type { Pool } from '@onsale/database';
import { indexLayout, type LayoutIndex } from '../rules/layout-index.ts';
import type { Bilingual, LayoutDoc } from '../rules/layout.ts';
import type { ShowTerms } from '../rules/terms.ts';
import { readArrays } from './lock-rows.ts';
import { openSeatMap, type SeatMap } from './seat-map.ts';
import { jsonOf } from './sql-text.ts';

/** Everything about one show that a process keeps in memory. */
export interface ShowBook {
  readonly show: ShowId;
  readonly layout: LayoutDoc;
  readonly index: LayoutIndex;
  /** ETag of the layout. */
  readonly layoutVersion: string;
  /** At most a second old, while the database answers. */
  terms(): ShowTerms;
  readonly map: SeatMap;
}
export interface ShowBooks {
  /** Loads the show on first use; undefined when it is not published. Throws DatabaseAway, DatabaseBusy. */
  open(show: ShowId): Promise<ShowBook | undefined>;
  /** The book if it is open already. */
  peek(show: ShowId): ShowBook | undefined;
  close(): Promise<void>;
}
export type ShowBooksOptions = {
  /** The reads pool. */
  readonly pool: Pool;
  /** False for a process that only writes (worker): no seat map is polled. Default true. */
  readonly maps?: boolean;
  readonly onFault?: (error: unknown) => void;
};

const TERMS_MS = 1_000;
/** A show asked for that does not exist is not asked for again at once. */
const UNKNOWN_MS = 1_000;
const UNKNOWN_MAX = 1_000;

export function openShowBooks(options: ShowBooksOptions): ShowBooks {
  const { pool, maps = true, onFault } = options;
  const open = new Map<ShowId, { book: ShowBook; terms: ShowTerms }>();
  const opening = new Map<ShowId, Promise<ShowBook | undefined>>();
  const unknown = new Map<ShowId, number>();
  let closed = false;

  const load = async (show: ShowId): Promise<ShowBook | undefined> => {
    const terms = (await readTerms(pool, [show])).get(show);
    if (terms === undefined) {
      if (unknown.size >= UNKNOWN_MAX) unknown.clear();
      unknown.set(show, performance.now());
      return undefined;
    }
    const [row] = await readArrays<[unknown, string]>(pool, 'SELECT l.doc, s.layout_version FROM show_layout l JOIN show_sale s USING (show_id) WHERE show_id = ?', [show]);
    if (row === undefined) throw new Error('a published show without a layout');
    const layout = jsonOf<LayoutDoc>(row[0]);
    const index = indexLayout(layout);
    const map = await openSeatMap({ pool, show, seats: index.seats, onFault, still: !maps });
    const entry = { terms, book: { show, layout, index, layoutVersion: row[1], terms: () => entry.terms, map } };
    if (closed) map.close();
    else open.set(show, entry);
    return entry.book;
  };
  const refresh = setInterval(() => {
    if (open.size === 0) return;
    readTerms(pool, [...open.keys()]).then(
      (all) => {
        for (const [show, terms] of all) {
          const entry = open.get(show);
          if (entry) entry.terms = terms;
        }
      },
      (error: unknown) => closed || onFault?.(error),
    );
  }, TERMS_MS).unref();

  return {
    peek: (show) => open.get(show)?.book,
    open(show) {
      const known = open.get(show)?.book;
      if (known !== undefined) return Promise.resolve(known);
      if (performance.now() - (unknown.get(show) ?? -Infinity) < UNKNOWN_MS) return Promise.resolve(undefined);
      let loading = opening.get(show);
      if (loading === undefined) {
        loading = load(show).finally(() => opening.delete(show));
        opening.set(show, loading);
      }
      return loading;
    },
    close() {
      closed = true;
      clearInterval(refresh);
      for (const { book } of open.values()) book.map.close();
      open.clear();
      return Promise.resolve();
    },
  };
}

type TermsColumns = [
  show: ShowId, event: string, eventName: unknown, venueName: unknown, state: ShowTerms['state'], startsAt: Date, opensAt: Date, closesAt: Date, currency: Currency,
  perOrder: number, perPersonAndShow: number, perPersonAndEvent: number, attemptsPerSession: number, ordersPerEntry: number, orphanRule: number, feePolicy: number, inWindow: number,
];
export async function readTerms(session: Pick<Pool, 'query'>, shows: readonly ShowId[]): Promise<Map<ShowId, ShowTerms>> {
  const sql = `SELECT show_id, event_id, event_name, venue_name, state, starts_at, opens_at, closes_at, currency, per_order, per_person_and_show, per_person_and_event,
    attempts_per_session, orders_per_entry, orphan_rule, fee_policy, opens_at <= NOW(3) AND NOW(3) < closes_at FROM show_sale WHERE show_id IN (?) AND state <> 'publishing'`;
  const rows = await readArrays<TermsColumns>(session, sql, [shows]);
  return new Map(rows.map((row) => [row[0], termsOf(row)]));
}
function termsOf([show, event, eventName, venueName, state, startsAt, opensAt, closesAt, currency, perOrder, perPersonAndShow, perPersonAndEvent, attemptsPerSession, ordersPerEntry, orphanRule, feePolicy, inWindow]: TermsColumns): ShowTerms {
  return {
    show, event, eventName: jsonOf<Bilingual>(eventName), venueName: jsonOf<Bilingual>(venueName), state, startsAt, opensAt, closesAt, currency, feePolicy,
    limits: { perOrder, perPersonAndShow, perPersonAndEvent, attemptsPerSession, ordersPerEntry },
    orphanRule: orphanRule === 1,
    saleOpen: inWindow === 1 && state === 'on-sale',
  };
}
