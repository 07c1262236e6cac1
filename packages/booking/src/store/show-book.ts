import type { ShowId } from '@onsale/kernel';
import type { Pool } from '@onsale/database';
import { indexLayout, type LayoutIndex } from '../rules/layout-index.ts';
import type { LayoutDoc } from '../rules/layout.ts';
import { readArrays } from './lock-rows.ts';
import { openSeatMap, type SeatMap } from './seat-map.ts';
import { readTerms, type ShowTerms } from './show-terms.ts';
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
  const { pool, onFault } = options;
  const open = new Map<ShowId, OpenBook>();
  const opening = new Map<ShowId, Promise<ShowBook | undefined>>();
  const unknown = new Map<ShowId, number>();
  let closed = false;

  const load = async (show: ShowId): Promise<ShowBook | undefined> => {
    const entry = await loadBook(options, show);
    if (entry === undefined) {
      if (unknown.size >= UNKNOWN_MAX) unknown.clear();
      unknown.set(show, performance.now());
    } else if (closed) entry.book.map.close();
    else open.set(show, entry);
    return entry?.book;
  };
  const refresh = setInterval(() => void refreshTerms(), TERMS_MS).unref();
  const refreshTerms = async (): Promise<void> => {
    if (open.size === 0) return;
    try {
      for (const [show, terms] of await readTerms(pool, [...open.keys()])) {
        const entry = open.get(show);
        if (entry !== undefined) entry.terms = terms;
      }
    } catch (error) {
      if (!closed) onFault?.(error);
    }
  };

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

type OpenBook = { readonly book: ShowBook; terms: ShowTerms };

async function loadBook({ pool, maps = true, onFault }: ShowBooksOptions, show: ShowId): Promise<OpenBook | undefined> {
  const terms = (await readTerms(pool, [show])).get(show);
  if (terms === undefined) return undefined;
  const sql = 'SELECT l.doc, s.layout_version FROM show_layout l JOIN show_sale s USING (show_id) WHERE show_id = ?';
  const [row] = await readArrays<[unknown, string]>(pool, sql, [show]);
  if (row === undefined) throw new Error('a published show without a layout');
  const layout = jsonOf<LayoutDoc>(row[0]);
  const index = indexLayout(layout);
  const map = await openSeatMap({ pool, show, seats: index.seats, onFault, still: !maps });
  const entry: OpenBook = { terms, book: { show, layout, index, layoutVersion: row[1], terms: () => entry.terms, map } };
  return entry;
}
