import { keepIncarnation, reserveIncarnation } from '@onsale/control';
import { isUnavailable, within } from '@onsale/database';
import { SECOND_MS, type RoomId } from '@onsale/kernel';
import type { WorkerContext } from './context.ts';

/** Of an epoch: a new one starts over. */
export type Incarnation = { readonly epoch: number; readonly incarnation: number };

/** The incarnations of one room as this worker knows them, and as the database keeps them for the time when no worker lives. */
export type Incarnations = {
  /** The one that the Redis process `runId` may take: durable before it is used, and above every one that was in force. */
  next(runId: string, present: Incarnation): Promise<number>;
  /** One that is in force now. What the database does not know yet it is told; never waits. */
  seen(present: Incarnation): void;
};

/** The line stands while an adoption waits. A reservation that comes too late leaves a gap in the incarnations, as a crash would. */
const RESERVE_WITHIN_MS = 2 * SECOND_MS;
const KEEP_AGAIN_AFTER_MS = 5 * SECOND_MS;

const isLater = (one: Incarnation, other: Incarnation): boolean =>
  one.epoch > other.epoch || (one.epoch === other.epoch && one.incarnation > other.incarnation);
const later = (one: Incarnation, other: Incarnation): Incarnation => (isLater(one, other) ? one : other);

type Options = Pick<WorkerContext, 'database' | 'logger' | 'monotonic'> & { readonly room: RoomId; readonly onError: (error: unknown) => void };

/**
 * With the database away the room is adopted all the same, above what this worker has seen: waiting fans do not depend on MySQL. Numbers can
 * then repeat only if every worker that saw the last adoption dies, and Redis loses its tail again, before the database is back.
 */
export function createIncarnations({ room, database, logger, monotonic, onError }: Options): Incarnations {
  let highest: Incarnation = { epoch: 0, incarnation: 0 };
  let kept = highest;
  let keepAgainAtMs = 0;
  let keeping = false;
  const keep = async (present: Incarnation): Promise<void> => {
    keeping = true;
    try {
      await keepIncarnation(database.reads, { room, ...present });
      kept = present;
    } catch (error) {
      keepAgainAtMs = monotonic() + KEEP_AGAIN_AFTER_MS;
      onError(error);
    } finally {
      keeping = false;
    }
  };
  return {
    async next(runId, present) {
      const { epoch } = present;
      const known = later(highest, present);
      const above = known.epoch === epoch ? known.incarnation : present.incarnation;
      try {
        return await within(RESERVE_WITHIN_MS, reserveIncarnation(database.reads, { room, epoch, runId, above }));
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        logger.warn({ room, err: error }, 'the database is away: adopting above what this worker has seen');
        return above + 1;
      }
    },
    seen(present) {
      highest = later(highest, present);
      if (isLater(highest, kept) && !keeping && monotonic() >= keepAgainAtMs) void keep(highest);
    },
  };
}
