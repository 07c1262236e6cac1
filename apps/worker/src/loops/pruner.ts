import { pruneDeltas } from '@onsale/booking';
import { pruneOperatorSessions } from '@onsale/control';
import { pruneOutbox } from '@onsale/database';
import { HOUR_MS, MINUTE_MS, type ShowId } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import type { WorkerContext } from '../context.ts';

/** Deletes what nobody reads any more, in small pieces, so that no lock is held for long. */
export const PRUNE_EVERY_MS = MINUTE_MS;
const PIECE = 1_000;
const PIECES_A_RUN_MAX = 50;
const OUTBOX_KEPT_MS = 24 * HOUR_MS;

export type PrunerOptions = Pick<WorkerContext, 'database'> & {
  /** What the rooms sell: their seat changes are pruned. */
  readonly shows: () => readonly ShowId[];
  readonly onError: (error: unknown, name: string) => void;
};
/** Deletes at most `limit` rows; gives how many. */
type Prune = (limit: number) => Promise<number>;

export function startPruner({ database, shows, onError }: PrunerOptions): Loop {
  const tasks = (): readonly Prune[] => [
    ...shows().map((show): Prune => (limit) => pruneDeltas(database.reads, show, limit)),
    (limit) => pruneOutbox(database.reads, { keepMs: OUTBOX_KEPT_MS, limit }),
    (limit) => pruneOperatorSessions(database.reads, limit),
  ];
  const run = async (signal: AbortSignal): Promise<void> => {
    for (const prune of tasks()) {
      for (let piece = 0; piece < PIECES_A_RUN_MAX && !signal.aborted; piece += 1) if ((await prune(PIECE)) < PIECE) break;
    }
  };
  return startLoop({ name: 'pruner', everyMs: PRUNE_EVERY_MS, run, onError });
}
