import { lookSoon, readBell } from '@onsale/payments';
import type { SalesContext } from './context.ts';

/** Bells of one attempt that ring within this are one; and the confirm that is under way is given this long to finish by itself. */
export const MERGE_MS = 5_000;
/** Attempts remembered for merging; past it the oldest is forgotten, which only costs a look. */
const REMEMBERED_MAX = 10_000;
/** Attempts noted per second; a flood beyond it is dropped, for the resolver's own schedule finds everything but late surprises. */
const NOTES_PER_SECOND = 50;

export type BellAnswer = 'noted' | 'nothing-to-look-at' | 'merged' | 'dropped' | 'over-budget' | 'not-now';

/**
 * The webhook: a bell. Its order id is checked by MAC before anything else, so that a stranger's costs no query; then the
 * attempt is marked to be looked at soon. Never waited for: what it rings about is looked up. `not-now` and `over-budget` could not be
 * written down: whoever answers the provider lets it ring again.
 */
export function createBellBook(
  context: Pick<SalesContext, 'database' | 'orderIds' | 'onFault'>, monotonicMs: () => number,
): (body: unknown) => Promise<BellAnswer> {
  const rung = new Map<string, number>();
  let second = 0;
  let notes = 0;
  return async (body) => {
    const bell = readBell(body, context.orderIds);
    if (!bell.ok) return 'dropped';
    const now = monotonicMs();
    const { providerOrderId } = bell.value;
    if (now - (rung.get(providerOrderId) ?? Number.NEGATIVE_INFINITY) < MERGE_MS) return 'merged';
    const thisSecond = Math.floor(now / 1_000);
    notes = thisSecond === second ? notes + 1 : 1;
    second = thisSecond;
    if (notes > NOTES_PER_SECOND) return 'over-budget';
    rung.delete(providerOrderId);
    rung.set(providerOrderId, now);
    for (const oldest of rung.keys()) {
      if (rung.size <= REMEMBERED_MAX) break;
      rung.delete(oldest);
    }
    try {
      return (await lookSoon(context.database.money, bell.value, MERGE_MS)) ? 'noted' : 'nothing-to-look-at';
    } catch (error) {
      // The provider rings again, and our own schedule does not depend on it.
      rung.delete(providerOrderId);
      context.onFault?.('webhook', error);
      return 'not-now';
    }
  };
}
