import type { ShowId } from '@onsale/kernel';
import type { Queryable } from '@onsale/database';

export type Violation = { readonly invariant: 'B1' | 'B3' | 'B4' | 'B6'; readonly detail: string };
/** Reads a consistent snapshot and names every violation (at most 100). No ids of persons in the details. */
export async function findViolations(session: Queryable, show?: ShowId): Promise<readonly Violation[]> {
  throw new Error(`not built yet: ${typeof session} ${show}`);
}
