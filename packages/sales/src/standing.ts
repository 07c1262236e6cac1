import { invariant } from '@onsale/kernel';
import { readAttempt, type Attempt, type AttemptId } from '@onsale/payments';
import type { SalesContext } from './context.ts';

/** Where an attempt stands once a saga has done what it could. */
export type Standing =
  /** Seats sold, tickets issued. */
  | { readonly kind: 'paid' }
  /** Captured, but the seats are not to be had: the money is on its way back. */
  | { readonly kind: 'returning' }
  | { readonly kind: 'refused'; readonly code: string | null }
  /** Not known yet; the resolver goes on. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'released' }
  | { readonly kind: 'abandoned' };

export function standingOf({ state, lastCode }: Pick<Attempt, 'state' | 'lastCode'>): Standing {
  switch (state) {
    case 'done':
      return { kind: 'paid' };
    case 'returning':
    case 'returned':
      return { kind: 'returning' };
    case 'refused':
      return { kind: 'refused', code: lastCode };
    case 'unknown-released':
      return { kind: 'released' };
    case 'abandoned':
      return { kind: 'abandoned' };
    case 'prepared':
    case 'confirming':
      return { kind: 'pending' };
  }
}

/** What whoever was faster has made of it: several may work on one attempt, and each change is a compare-and-set. */
export async function readStanding(context: SalesContext, id: AttemptId): Promise<Standing> {
  const attempt = await readAttempt(context.database.money, id);
  invariant(attempt !== undefined, 'an attempt vanished');
  return standingOf(attempt);
}
