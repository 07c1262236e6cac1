/**
 * Counts statements that reach the database, set-up of connections apart: what "refused with 0 queries" is shown by. Hand `onQuery` to
 * the pools under test.
 */
export type QueryCount = {
  readonly onQuery: (sql: string) => void;
  readonly total: number;
  /** The last statements, oldest first, at most 1,000. */
  readonly texts: readonly string[];
  reset(): void;
  /** Statements sent while `act` runs. */
  during(act: () => Promise<unknown>): Promise<number>;
};

const TEXTS_MAX = 1_000;

export function countQueries(): QueryCount {
  let total = 0;
  let texts: string[] = [];
  return {
    onQuery: (sql) => {
      total += 1;
      texts.push(sql);
      if (texts.length > TEXTS_MAX) texts.shift();
    },
    get total() { return total; },
    get texts() { return texts; },
    reset: () => { total = 0; texts = []; },
    async during(act) {
      const before = total;
      await act();
      return total - before;
    },
  };
}
