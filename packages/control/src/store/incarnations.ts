import { inTransaction, type Pool, type Tx } from '@onsale/database';
import { drizzleOn, eq } from '@onsale/database/drizzle';
import { roomIncarnation as kept } from '@onsale/database/schema/control';
import type { RoomId } from '@onsale/kernel';

/**
 * The highest incarnation of each room, where Redis cannot lose it (W5). A Redis that loses its tail may lose the adoption before with it,
 * and the numbers that were issued after that adoption would be issued again. So a worker that adopts takes its incarnation here first:
 *
 *   fenced ──► reserveIncarnation (durable) ──► readopt in Redis, at the reserved one or above ──► numbers of that incarnation
 *
 * An incarnation that was adopted while the database was away is told by `keepIncarnation` afterwards.
 */
export type InEpoch = {
  readonly room: RoomId;
  /** Incarnations start over in a new one, whose numbers are others. */
  readonly epoch: number;
};
export type Reservation = InEpoch & {
  /** Of the Redis process that is to be adopted: all workers that see the same one share a reservation. */
  readonly runId: string;
  /** The highest incarnation that the caller knows of. */
  readonly above: number;
};

const READ_COMMITTED = { isolation: 'read committed' } as const;

/** An incarnation that no other Redis process was given, above `above` and all that are kept. Locks the room's row of this table only. */
export async function reserveIncarnation(pool: Pool, { room, epoch, runId, above }: Reservation): Promise<number> {
  return inTransaction(pool, READ_COMMITTED, async (tx) => {
    const row = await lock(tx, { room, epoch });
    // Data of an epoch that is over: whatever is adopted there gives out none of the present one's numbers.
    if (row.epoch > epoch) return above + 1;
    const known = row.epoch === epoch ? row : { incarnation: 0, runId: '' };
    if (known.runId === runId && known.incarnation > above) return known.incarnation;
    const incarnation = Math.max(known.incarnation, above) + 1;
    await drizzleOn(tx).update(kept).set({ epoch, incarnation, runId }).where(eq(kept.room, room));
    return incarnation;
  });
}

/** An incarnation that is in force; of an older epoch, or not above the kept one, it changes nothing. */
export async function keepIncarnation(pool: Pool, { room, epoch, incarnation }: InEpoch & { readonly incarnation: number }): Promise<void> {
  await inTransaction(pool, READ_COMMITTED, async (tx) => {
    const row = await lock(tx, { room, epoch });
    if (row.epoch > epoch || (row.epoch === epoch && row.incarnation >= incarnation)) return;
    await drizzleOn(tx).update(kept).set({ epoch, incarnation, runId: '' }).where(eq(kept.room, room));
  });
}

/** The room's row, made if there was none, and locked in the same statement: of two that find none and insert, one would fail. */
async function lock(tx: Tx, { room, epoch }: InEpoch): Promise<typeof kept.$inferSelect> {
  const database = drizzleOn(tx);
  const none = { room, epoch, incarnation: 0, runId: '' };
  await database.insert(kept).values(none).onDuplicateKeyUpdate({ set: { room } });
  const [row = none] = await database.select().from(kept).where(eq(kept.room, room)).for('update');
  return row;
}
