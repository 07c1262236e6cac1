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
 * What asks the provider has a relay of its own: a provider that is silent for half a minute must not keep slots from being freed, nor the
 * process from being ready.
 *
 * A row whose kind nobody knows (a newer version wrote it) waits for a worker that does.
 */
export const RELAY_EVERY_MS = 150;
const LEASE_MS = 30 * SECOND_MS;
/** A look-up and a cancel that are both waited for to their end, and room for the transactions around them. */
const REFUND_LEASE_MS = 90 * SECOND_MS;
const REFUND = 'refund';
/** A relay far behind works in batches, one after the other, and looks at its stop signal in between. */
const BATCHES_A_RUN_MAX = 50;

export type RelayOptions = Pick<WorkerContext, 'database' | 'effects' | 'logger'> & {
  readonly onError: (error: unknown, name: string) => void;
  /** Which rows: those that ask the provider, or all others. */
  readonly share: 'refunds' | 'others';
  /** Asks for another look after `delayMs`; may do nothing. */
  readonly wake?: (rowId: number, delayMs: number) => void;
};

export function startOutboxRelay({ database, effects, logger, onError, share, wake }: RelayOptions): Loop {
  const own = share === 'refunds' ? { leaseMs: REFUND_LEASE_MS, kinds: [REFUND] } : { leaseMs: LEASE_MS, exceptKinds: [REFUND] };
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
      const rows = await claimOutboxRows(database.money, { limit: OUTBOX_BATCH_MAX, ...own });
      if (rows.length === 0) return;
      await settle(rows, await Promise.all(rows.map(carryOut)));
    }
  };
  const loop = { everyMs: RELAY_EVERY_MS, run, onError };
  return startLoop(share === 'refunds' ? { ...loop, name: 'refund relay', staleAfterMs: REFUND_LEASE_MS } : { ...loop, name: 'outbox relay' });
}
