import { readOrder } from '@onsale/booking';
import type { OpaqueId } from '@onsale/kernel';
import { moneyOfOrders, readAttemptGauges, type AttemptGauges } from '@onsale/payments';
import type { SalesContext } from './context.ts';

/** B3 seen from the money: what we hold of an order's payments is what its tickets cost, and nothing where there are none. */
export type MoneyViolation = { readonly order: OpaqueId; readonly detail: string };
const PAGE = 500;
const VIOLATIONS_MAX = 100;

/**
 * Walks all captured money, at most `ordersMax` orders. An order that is being settled at this moment may be reported once;
 * a violation is one that stays.
 */
export async function findMoneyViolations(context: Pick<SalesContext, 'database'>, ordersMax = 100_000): Promise<readonly MoneyViolation[]> {
  const session = context.database.reads;
  const violations: MoneyViolation[] = [];
  let after: OpaqueId | null = null;
  for (let seen = 0; seen < ordersMax && violations.length < VIOLATIONS_MAX; ) {
    const page = await moneyOfOrders(session, { after, limit: PAGE });
    for (const { order, captured, refunded, owed } of page) {
      const kept = captured - refunded - owed;
      const stored = await readOrder(session, order);
      const due = stored?.state === 'paid' ? stored.amount : 0;
      if (kept !== due) violations.push({ order, detail: `order ${stored?.state ?? 'missing'}: kept ${kept} of ${captured} captured, due ${due}` });
    }
    seen += page.length;
    after = page.at(-1)?.order ?? null;
    if (page.length < PAGE) break;
  }
  return violations.slice(0, VIOLATIONS_MAX);
}

export const moneyGauges = (context: Pick<SalesContext, 'database'>): Promise<AttemptGauges> => readAttemptGauges(context.database.reads);
