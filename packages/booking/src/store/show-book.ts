import type { ShowId } from '@onsale/kernel';
import { DatabaseBusy, type Pool } from '@onsale/database';
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
  /**
   * Loads the show on first use; undefined when it is not published. A book that nobody has used for five minutes is let go, and so is the one unused
   * longest when another needs its room; while all of them are in use a further show has to wait. Throws DatabaseAway, DatabaseBusy.
   */
  open(show: ShowId): Promise<ShowBook | undefined>;
  /** Those that are in memory. */
  openShows(): readonly ShowId[];
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
  readonly booksMax?: number;
  /** Default: the process's own. */
  readonly monotonicMs?: () => number;
};

/** A book of 43,000 seats is 3.8 MB, and its seats are polled for as long as it is open. */
export const BOOKS_MAX = 128;
export const BOOK_UNUSED_MS = 5 * 60_000;
/** Used more lately than that, a book is in somebody's hands. */
const BOOK_IN_USE_MS = 30_000;
const TERMS_MS = 1_000;
/** A show asked for that does not exist is not asked for again at once. */
const UNKNOWN_MS = 1_000;
const UNKNOWN_MAX = 1_000;

export function openShowBooks(options: ShowBooksOptions): ShowBooks {
  const { pool, onFault, booksMax = BOOKS_MAX, monotonicMs = () => performance.now() } = options;
  const shelf = new Shelf(booksMax, monotonicMs);
  const { open } = shelf;
  const opening = new Map<ShowId, Promise<ShowBook | undefined>>();
  const unknown = new Map<ShowId, number>();
  let closed = false;

  const load = async (show: ShowId): Promise<ShowBook | undefined> => {
    const entry = await loadBook({ ...options, monotonicMs }, show);
    if (entry === undefined) {
      if (unknown.size >= UNKNOWN_MAX) unknown.clear();
      unknown.set(show, performance.now());
    } else if (closed) entry.book.map.close();
    else shelf.add(show, entry);
    return entry?.book;
  };
  const refresh = setInterval(() => void refreshTerms(), TERMS_MS).unref();
  const refreshTerms = async (): Promise<void> => {
    shelf.letGoUnused();
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
    openShows: () => [...open.keys()],
    peek: (show) => shelf.use(show),
    open(show) {
      const known = shelf.use(show);
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

type OpenBook = { readonly book: ShowBook; terms: ShowTerms; usedAt: number };

/** The books that are open, with when each was last used: asked for here, or looked at by its seat map. */
class Shelf {
  readonly open = new Map<ShowId, OpenBook>();
  readonly #booksMax: number;
  readonly #monotonicMs: () => number;

  constructor(booksMax: number, monotonicMs: () => number) {
    this.#booksMax = booksMax;
    this.#monotonicMs = monotonicMs;
  }

  use(show: ShowId): ShowBook | undefined {
    const entry = this.open.get(show);
    if (entry !== undefined) entry.usedAt = this.#monotonicMs();
    return entry?.book;
  }
  /** A show that exists: an invented one lets nobody's go. Throws DatabaseBusy when all are in use. */
  add(show: ShowId, entry: OpenBook): void {
    try {
      this.#makeRoom();
    } catch (error) {
      entry.book.map.close();
      throw error;
    }
    this.open.set(show, entry);
  }
  letGoUnused(): void {
    for (const [show, entry] of this.open) if (this.#unusedMs(entry) >= BOOK_UNUSED_MS) this.#letGo(show, entry);
  }
  #makeRoom(): void {
    while (this.open.size >= this.#booksMax) {
      const [show, entry] = [...this.open].reduce((one, other) => (this.#unusedMs(other[1]) > this.#unusedMs(one[1]) ? other : one));
      if (this.#unusedMs(entry) < BOOK_IN_USE_MS) throw new DatabaseBusy('queue-full', `${this.open.size} shows, all of them in use`);
      this.#letGo(show, entry);
    }
  }
  #unusedMs({ usedAt, book }: OpenBook): number {
    return this.#monotonicMs() - Math.max(usedAt, book.map.touchedAt);
  }
  #letGo(show: ShowId, { book }: OpenBook): void {
    book.map.close();
    this.open.delete(show);
  }
}

async function loadBook(
  { pool, maps = true, onFault, monotonicMs }: ShowBooksOptions & { readonly monotonicMs: () => number }, show: ShowId,
): Promise<OpenBook | undefined> {
  const terms = (await readTerms(pool, [show])).get(show);
  if (terms === undefined) return undefined;
  const sql = 'SELECT l.doc, s.layout_version FROM show_layout l JOIN show_sale s USING (show_id) WHERE show_id = ?';
  const [row] = await readArrays<[unknown, string]>(pool, sql, [show]);
  if (row === undefined) throw new Error('a published show without a layout');
  const layout = jsonOf<LayoutDoc>(row[0]);
  const index = indexLayout(layout);
  const map = await openSeatMap({ pool, show, seats: index.seats, onFault, monotonicMs, still: !maps });
  const entry: OpenBook = { terms, usedAt: monotonicMs(), book: { show, layout, index, layoutVersion: row[1], terms: () => entry.terms, map } };
  return entry;
}
