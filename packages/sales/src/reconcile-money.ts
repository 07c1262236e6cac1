import { balancesOf, paidBalances } from '@onsale/booking';
import { inTransaction, type Tx } from '@onsale/database';
import type { OpaqueId } from '@onsale/kernel';
import { moneyOfOrders, ordersWithMoney, readAttemptGauges, type AttemptGauges } from '@onsale/payments';
import type { SalesContext } from './context.ts';

/** B3: what we hold of an order's payments is what its tickets cost, and nothing where there are none. */
export type MoneyViolation = { readonly order: OpaqueId; readonly detail: string };
const PAGE = 500;
const VIOLATIONS_MAX = 100;

/**
 * Compares books and tickets from both sides, at most `ordersMax` orders each: from all captured money, and from all paid orders.
 * Reads one consistent snapshot, so an order that is being settled at this moment is no violation.
 */
export function findMoneyViolations(context: Pick<SalesContext, 'database'>, ordersMax = 200_000): Promise<readonly MoneyViolation[]> {
  return inTransaction(context.database.reads, { isolation: 'repeatable read' }, async (tx) => {
    const violations: MoneyViolation[] = [];
    for await (const page of pagesOf(
      ordersMax, (after) => moneyOfOrders(tx, { after, limit: PAGE }), ({ order }) => order,
    )) violations.push(...(await judgeMoney(tx, page)));
    for await (const page of pagesOf(
      ordersMax, (after) => paidBalances(tx, { after, limit: PAGE }), ({ id }) => id,
    )) violations.push(...(await judgePaid(tx, page)));
    return violations.slice(0, VIOLATIONS_MAX);
  });
}

async function* pagesOf<Row>(
  max: number, read: (after: OpaqueId | null) => Promise<readonly Row[]>, idOf: (row: Row) => OpaqueId,
): AsyncGenerator<readonly Row[]> {
  let after: OpaqueId | null = null;
  for (let seen = 0; seen < max; ) {
    const page: readonly Row[] = await read(after);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    seen += page.length;
    after = idOf(last);
  }
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
