import { openPool, type Pool } from '@onsale/database';
import type { StoredHold } from '@onsale/robot-fan';

/** What the database says after a crowd, read by the test itself: no code of the system stands between the rows and the judge. */
export type Stores = {
  readonly holds: () => Promise<Map<string, StoredHold>>;
  /** States of orders by id. */
  readonly orders: () => Promise<Map<string, string>>;
  /** What has not come to an end yet: orders, attempts, holds and messages by name and state, with their number. */
  readonly unfinished: () => Promise<Record<string, number>>;
  /** Lets the time of everything that waits for a clock be over: holds, looks at the provider, messages put off. */
  readonly passTime: () => Promise<void>;
  readonly pool: Pool;
  readonly close: () => Promise<void>;
};

const idOf = (bytes: Buffer): string => bytes.toString('base64url');
const jsonOf = (column: unknown): number[] => (typeof column === 'string' ? (JSON.parse(column) as number[]) : (column as number[]));

const UNFINISHED: Readonly<Record<string, string>> = {
  order: "SELECT state, COUNT(*) AS n FROM ticket_order WHERE state IN ('open', 'paying', 'confirming', 'refunding') GROUP BY state",
  attempt: "SELECT state, COUNT(*) AS n FROM payment_attempt WHERE next_look_at IS NOT NULL OR state IN ('confirming', 'returning') GROUP BY state",
  hold: "SELECT state, COUNT(*) AS n FROM hold WHERE state IN ('live', 'confirming') GROUP BY state",
  message: 'SELECT kind AS state, COUNT(*) AS n FROM outbox WHERE closed_at IS NULL GROUP BY kind',
};

export function openStores(url: string): Stores {
  const pool = openPool({ url, connections: 2, statementMs: 60_000 });
  return {
    pool,
    holds: async () => {
      const [rows] = await pool.query(
        'SELECT id, state, seats, (SELECT COUNT(*) FROM seat s WHERE s.show_id = h.show_id AND s.claim = h.id) AS claimed FROM hold h',
      );
      return new Map(
        rows.map((row) => [idOf(row['id'] as Buffer), { state: String(row['state']), seats: jsonOf(row['seats']), claimed: Number(row['claimed']) }]),
      );
    },
    orders: async () => {
      const [rows] = await pool.query('SELECT id, state FROM ticket_order');
      return new Map(rows.map((row) => [idOf(row['id'] as Buffer), String(row['state'])]));
    },
    unfinished: async () => {
      const left: Record<string, number> = {};
      for (const [name, sql] of Object.entries(UNFINISHED)) for (const row of (await pool.query(sql))[0]) left[`${name} ${row['state']}`] = Number(row['n']);
      return left;
    },
    passTime: async () => {
      await pool.query("UPDATE hold SET until_at = NOW(3) WHERE state = 'live' AND until_at > NOW(3)");
      await pool.query('UPDATE payment_attempt SET next_look_at = NOW(3) WHERE next_look_at > NOW(3)');
      await pool.query('UPDATE outbox SET next_at = NOW(3) WHERE closed_at IS NULL AND next_at > NOW(3)');
    },
    close: () => pool.close(),
  };
}
