import { setTimeout as sleep } from 'node:timers/promises';
import { CommitUnknown, RowsLocked, TransactionUndone } from './failures.ts';
import type { Pool } from './pool.ts';
import type { Connection, Isolation, Tx } from './session.ts';

export type TransactionOptions = {
  readonly isolation: Isolation;
  /** Runs of `work` at most, the first included; default 5. */
  readonly attemptsMax?: number;
  /** `work` may be repeated after a COMMIT whose answer was lost, because its keys make the second run find what the first did. */
  readonly repeatable?: boolean;
};

const ATTEMPTS_MAX = 5;
const BACKOFF_FIRST_MS = 10;
const BACKOFF_MAX_MS = 200;

/**
 * Runs `work` in one transaction on a connection of its own, and commits. After a deadlock (1213), a lock wait (1205, 3572), rows that are
 * locked (RowsLocked) or a changed snapshot (1020) everything is rolled back and `work` runs again, after a jittered pause; so `work` must
 * touch nothing but `tx`.
 * Whatever else it throws rolls back and is thrown on. The connection is given back in every case; while pausing none is held.
 */
export async function inTransaction<Value>(pool: Pool, options: TransactionOptions, work: (tx: Tx) => Promise<Value>): Promise<Value> {
  const attemptsMax = options.attemptsMax ?? ATTEMPTS_MAX;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(pool, options.isolation, work);
    } catch (error) {
      const refused = error instanceof RowsLocked || error instanceof TransactionUndone;
      const again = refused || (error instanceof CommitUnknown && options.repeatable === true);
      if (!again || attempt >= attemptsMax) throw error;
    }
    await sleep(backoffMs(attempt));
  }
}

async function runOnce<Value>(pool: Pool, isolation: Isolation, work: (tx: Tx) => Promise<Value>): Promise<Value> {
  const connection = await pool.acquire();
  try {
    await connection.begin(isolation);
    const value = await work(connection);
    await connection.commit();
    return value;
  } catch (error) {
    await rollBack(connection);
    throw error;
  } finally {
    connection.release();
  }
}

/** A failing ROLLBACK must not hide the first error: the connection, its transaction still open, is then closed by `release`. */
async function rollBack(connection: Connection): Promise<void> {
  try {
    await connection.rollback();
  } catch {
    // The server rolls back by itself when the connection ends.
  }
}

/** Full jitter: callers that collided do not meet again. */
const backoffMs = (attempt: number): number => Math.ceil(Math.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** attempt));
