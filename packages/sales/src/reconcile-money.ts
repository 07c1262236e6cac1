import { balancesOf, paidBalances } from '@onsale/booking';
import { inTransaction, type Tx } from '@onsale/database';
import type { OpaqueId } from '@onsale/kernel';
import { moneyOfOrders, ordersWithMoney, readAttemptGauges, type AttemptGauges } from '@onsale/payments';
import type { SalesContext } from './context.ts';

/** B3: what we hold of an order's payments is what its tickets cost, and nothing where there are none. */
export type MoneyViolation = { readonly order: OpaqueId; readonly detail: string };
const PAGE = 500;
const VIOLATIONS_MAX = 100;

/** Where a look at the money goes on: all captured money first, then all paid orders, each by the order's id. */
export type MoneyCursor = { readonly side: 'money' | 'paid'; readonly after: OpaqueId | null };
export const MONEY_START: MoneyCursor = { side: 'money', after: null };

/**
 * Compares books and tickets from both sides, at most `ordersMax` orders: from captured money, and from paid orders. Ends at the end of all orders;
 * `next` is then MONEY_START. Reads one consistent snapshot, so an order that is being settled at this moment is no violation.
 */
export function findMoneyViolationsFrom(
  context: Pick<SalesContext, 'database'>, from: MoneyCursor, ordersMax: number,
): Promise<{ readonly violations: readonly MoneyViolation[]; readonly next: MoneyCursor }> {
  return inTransaction(context.database.reads, { isolation: 'repeatable read' }, async (tx) => {
    const violations: MoneyViolation[] = [];
    let cursor = from;
    for (let looked = 0; looked < ordersMax && violations.length < VIOLATIONS_MAX;) {
      const limit = Math.min(PAGE, ordersMax - looked);
      const page = await (cursor.side === 'money' ? judgeMoneyAfter : judgePaidAfter)(tx, cursor.after, limit);
      violations.push(...page.violations);
      looked += page.count;
      if (page.count === limit) cursor = { side: cursor.side, after: page.last };
      else if (cursor.side === 'money') cursor = { side: 'paid', after: null };
      else return { violations: violations.slice(0, VIOLATIONS_MAX), next: MONEY_START };
    }
    return { violations: violations.slice(0, VIOLATIONS_MAX), next: cursor };
  });
}

/** All of it, in one snapshot. */
export async function findMoneyViolations(context: Pick<SalesContext, 'database'>, ordersMax = 400_000): Promise<readonly MoneyViolation[]> {
  return (await findMoneyViolationsFrom(context, MONEY_START, ordersMax)).violations;
}

type Judged = { readonly violations: readonly MoneyViolation[]; readonly count: number; readonly last: OpaqueId | null };

async function judgeMoneyAfter(tx: Tx, after: OpaqueId | null, limit: number): Promise<Judged> {
  const page = await moneyOfOrders(tx, { after, limit });
  return { violations: page.length === 0 ? [] : await judgeMoney(tx, page), count: page.length, last: page.at(-1)?.order ?? null };
}

async function judgePaidAfter(tx: Tx, after: OpaqueId | null, limit: number): Promise<Judged> {
  const page = await paidBalances(tx, { after, limit });
  return { violations: await judgePaid(tx, page), count: page.length, last: page.at(-1)?.id ?? null };
}

async function judgeMoney(tx: Tx, page: Awaited<ReturnType<typeof moneyOfOrders>>): Promise<MoneyViolation[]> {
  const orders = new Map((await balancesOf(tx, page.map(({ order }) => order))).map((balance) => [balance.id, balance]));
  return page.flatMap(({ order, captured, refunded, owed }) => {
    const stored = orders.get(order);
    const kept = captured - refunded - owed;
    const due = stored?.state === 'paid' ? stored.amount : 0;
    return kept === due ? [] : [{ order, detail: `order ${stored?.state ?? 'missing'}: kept ${kept} of ${captured} captured, due ${due}` }];
  });
}

async function judgePaid(tx: Tx, page: Awaited<ReturnType<typeof paidBalances>>): Promise<MoneyViolation[]> {
  const paid = await ordersWithMoney(tx, page.map(({ id }) => id));
  return page.flatMap(({ id, amount }) => (paid.has(id) ? [] : [{ order: id, detail: `order paid: no payment of its ${amount}` }]));
}

export const moneyGauges = (context: Pick<SalesContext, 'database'>): Promise<AttemptGauges> => readAttemptGauges(context.database.reads);
