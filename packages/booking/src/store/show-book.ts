import type { ShowId } from '@onsale/kernel';
import type { Pool } from '@onsale/database';
import type { LayoutDoc } from '../rules/layout.ts';
import type { ShowTerms } from '../rules/terms.ts';
import type { SeatMap } from './seat-map.ts';

/** Everything about one show that a process keeps in memory. */
export interface ShowBook {
  readonly show: ShowId;
  readonly layout: LayoutDoc;
  /** ETag of the layout. */
  readonly layoutVersion: string;
  terms(): ShowTerms;
  readonly map: SeatMap;
}
export interface ShowBooks {
  /** Loads the show on first use; undefined when it is not published. Throws DatabaseAway. */
  open(show: ShowId): Promise<ShowBook | undefined>;
  /** The book if it is open already. */
  peek(show: ShowId): ShowBook | undefined;
  close(): Promise<void>;
}
export type ShowBooksOptions = { readonly pool: Pool; /** Worker: no seat map is polled. Default true. */ readonly maps?: boolean; readonly onFault?: (error: unknown) => void };
export function openShowBooks(options: ShowBooksOptions): ShowBooks {
  throw new Error(`not built yet: ${options.pool.role}`);
}
