import { pruneAllowances, pruneDeltas, pruneHolds, pruneLapses, pruneSessionEnds, pruneSessions } from '@onsale/booking';
import { pruneEntryKeys, pruneFindings, pruneOperatorSessions } from '@onsale/control';
import { keptMsOf, pruneOutbox, type Pool } from '@onsale/database';
import { MINUTE_MS } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import type { WorkerContext } from '../context.ts';

/** Deletes what nobody reads any more, in small pieces, so that no lock is held for long. How long each row stays: `TABLES` of @onsale/database. */
export const PRUNE_EVERY_MS = MINUTE_MS;
export const PRUNE_PIECE = 1_000;
const PIECES_A_RUN_MAX = 50;

/** Deletes at most `limit` rows; gives how many, `limit` while there may be more. */
export type Prune = (pool: Pool, limit: number) => Promise<number>;

/** By the table that each keeps within its bounds. Sessions first: what they take along is not looked for twice. */
export const PRUNES: Readonly<Record<string, Prune>> = {
  entry_session: pruneSessions,
  session_end: pruneSessionEnds,
  hold: pruneHolds,
  allowance: pruneAllowances,
  seat_delta: pruneDeltas,
  seat_lapse: pruneLapses,
  outbox: (pool, limit) => pruneOutbox(pool, { keepMs: keptMsOf('outbox'), limit }),
  operator_session: pruneOperatorSessions,
  entry_key: pruneEntryKeys,
  finding: pruneFindings,
};

export async function pruneOnce(pool: Pool, signal: AbortSignal, prunes: readonly Prune[] = Object.values(PRUNES)): Promise<void> {
  for (const prune of prunes) {
    for (let piece = 0; piece < PIECES_A_RUN_MAX && !signal.aborted; piece += 1) if ((await prune(pool, PRUNE_PIECE)) < PRUNE_PIECE) break;
  }
}

export type PrunerOptions = Pick<WorkerContext, 'database'> & { readonly onError: (error: unknown, name: string) => void };

export const startPruner = ({ database, onError }: PrunerOptions): Loop =>
  startLoop({ name: 'pruner', everyMs: PRUNE_EVERY_MS, run: (signal) => pruneOnce(database.reads, signal), onError });
