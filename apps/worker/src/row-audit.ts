import { findViolations, listAuditedShows, type AuditedShow } from '@onsale/booking';
import { FINDINGS_AT_ONCE_MAX, type Finding } from '@onsale/control';
import { HOUR_MS, SECOND_MS, type ShowId } from '@onsale/kernel';
import { findMoneyViolationsFrom, MONEY_START, type MoneyCursor } from '@onsale/sales';
import type { WorkerContext } from './context.ts';

/**
 * B1, B3, B4 and B6 on the database's own rows and on the money, a piece each round, so that a round's cost does not grow with history:
 *
 *   shows on sale    each round                       the most overdue first, for as long as a round may take
 *   other shows      within the hour
 *   money            ordersMax orders a round, by a cursor that goes round all of them
 */
export type RowAudit = {
  round(): Promise<Finding[]>;
  /** What the latest round found is written down. Without this the next round looks at the same rows again. */
  written(): void;
};
export type RowAuditOptions = Pick<WorkerContext, 'database' | 'monotonic'> & {
  /** A round begins no further show after this time. */
  readonly roundMs?: number;
  readonly ordersMax?: number;
};

export const ON_SALE_EVERY_MS = 10 * SECOND_MS;
export const OTHERS_EVERY_MS = HOUR_MS;
export const ROUND_MS = 4 * SECOND_MS;
export const ORDERS_A_ROUND_MAX = 5_000;
const SUSPECTS_MAX = 1_000;

export function createRowAudit({ database, monotonic, roundMs = ROUND_MS, ordersMax = ORDERS_A_ROUND_MAX }: RowAuditOptions): RowAudit {
  const lookedAtMs = new Map<ShowId, number>();
  let cursor: MoneyCursor = MONEY_START;
  let suspected: readonly string[] = [];
  let latest: { readonly shows: Map<ShowId, number>; readonly cursor: MoneyCursor } | undefined;

  const shows = async (looked: Map<ShowId, number>): Promise<Finding[]> => {
    const [found, beganMs]: [Finding[], number] = [[], monotonic()];
    for (const show of dueShows(await listAuditedShows(database.reads), lookedAtMs, beganMs)) {
      if (found.length >= FINDINGS_AT_ONCE_MAX || monotonic() - beganMs >= roundMs) break;
      looked.set(show, monotonic());
      found.push(...(await findViolations(database.reads, show)).map(({ invariant, detail }) => ({ invariant, detail })));
    }
    return found;
  };
  /** An order that is being settled at the moment may look wrong once: what stays wrong is. So the cursor goes on after a second look. */
  const money = async (): Promise<{ findings: Finding[]; next: MoneyCursor }> => {
    const { violations, next } = await findMoneyViolationsFrom({ database }, cursor, ordersMax);
    const seen = violations.map(({ order, detail }) => `order ${order}: ${detail}`);
    const stayed = seen.filter((detail) => suspected.includes(detail));
    suspected = [...new Set([...seen, ...suspected])].slice(0, SUSPECTS_MAX);
    return { findings: stayed.map((detail) => ({ invariant: 'B3', detail })), next: stayed.length === seen.length ? next : cursor };
  };
  return {
    async round() {
      latest = undefined;
      const looked = new Map<ShowId, number>();
      const found = await shows(looked);
      const { findings, next } = await money();
      latest = { shows: looked, cursor: next };
      return [...found, ...findings];
    },
    written() {
      for (const [show, atMs] of latest?.shows ?? []) lookedAtMs.set(show, atMs);
      cursor = latest?.cursor ?? cursor;
    },
  };
}

/** Whose time has come, the most overdue first (by its own interval), shows on sale before others; what is gone is forgotten. */
export function dueShows(shows: readonly AuditedShow[], lookedAtMs: Map<ShowId, number>, nowMs: number): ShowId[] {
  const present = new Set(shows.map(({ show }) => show));
  for (const show of lookedAtMs.keys()) if (!present.has(show)) lookedAtMs.delete(show);
  return shows
    .map(({ show, isOnSale }) => {
      const everyMs = isOnSale ? ON_SALE_EVERY_MS : OTHERS_EVERY_MS;
      return { show, isOnSale, lateness: (nowMs - (lookedAtMs.get(show) ?? -Infinity)) / everyMs };
    })
    .filter(({ isOnSale, lateness }) => isOnSale || lateness >= 1)
    .sort((one, other) => (one.lateness === other.lateness ? Number(other.isOnSale) - Number(one.isOnSale) : other.lateness - one.lateness))
    .map(({ show }) => show);
}
