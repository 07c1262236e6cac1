import { claimOutboxRows, closeOutboxRows, OUTBOX_BATCH_MAX, outboxPauseMs, retryOutboxRow, type OutboxRow } from '@onsale/database';
import { SECOND_MS } from '@onsale/kernel';
import { errorFields, startLoop, type Loop } from '@onsale/runtime';
import type { WorkerContext } from '../context.ts';
import type { EffectOutcome } from '../effects.ts';

/**
 * Carries out what transactions have decided. The rows are the truth; a wake-up only shortens the wait, and the loop looks by itself.
 *
 *   due ── claimed for LEASE_MS ──► effect ──► closed
 *                                     └── not yet, or it threw ──► due again after a growing pause
 *
 * A row whose kind nobody knows (a newer version wrote it) waits for a worker that does.
 */
export const RELAY_EVERY_MS = 150;
const LEASE_MS = 30 * SECOND_MS;
/** A relay far behind works in batches, one after the other, and looks at its stop signal in between. */
const BATCHES_A_RUN_MAX = 50;

export type RelayOptions = Pick<WorkerContext, 'database' | 'effects' | 'logger'> & {
  readonly onError: (error: unknown, name: string) => void;
  /** Asks for another look after `delayMs`; may do nothing. */
  readonly wake?: (rowId: number, delayMs: number) => void;
};

export function startOutboxRelay({ database, effects, logger, onError, wake }: RelayOptions): Loop {
  const carryOut = async (row: OutboxRow): Promise<EffectOutcome> => {
    const effect = effects[row.kind];
    if (effect === undefined) return { word: 'retry', error: 'unknown-kind' };
    try {
      return await effect(row);
    } catch (error) {
      logger.warn({ err: error, kind: row.kind, row: row.id, attempts: row.attempts }, 'an effect failed; it will be tried again');
      return { word: 'retry', error: errorFields(error).code ?? errorFields(error).type };
    }
  };
  const settle = async (rows: readonly OutboxRow[], outcomes: readonly EffectOutcome[]): Promise<void> => {
    const done = rows.filter((_, index) => outcomes[index]?.word === 'done');
    // Closing again what is closed does nothing: one statement, its own transaction.
    await closeOutboxRows(database.money, done.map(({ id }) => id));
    for (const [index, row] of rows.entries()) {
      const outcome = outcomes[index];
      if (outcome?.word !== 'retry') continue;
      const delayMs = outcome.delayMs ?? outboxPauseMs(row.attempts, Math.random());
      if (await retryOutboxRow(database.money, row, { error: outcome.error, delayMs })) wake?.(row.id, delayMs);
    }
  };
  const run = async (signal: AbortSignal): Promise<void> => {
    for (let batch = 0; batch < BATCHES_A_RUN_MAX && !signal.aborted; batch += 1) {
      const rows = await claimOutboxRows(database.money, { limit: OUTBOX_BATCH_MAX, leaseMs: LEASE_MS });
      if (rows.length === 0) return;
      await settle(rows, await Promise.all(rows.map(carryOut)));
    }
  };
  return startLoop({ name: 'outbox relay', everyMs: RELAY_EVERY_MS, run, onError });
}
