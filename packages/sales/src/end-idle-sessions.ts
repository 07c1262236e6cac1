import { IDLE_LOOKS_MAX, lookAtIdleSessions } from '@onsale/booking';
import { inTransaction } from '@onsale/database';
import type { SalesContext } from './context.ts';
import { writeFinish } from './finish-entry.ts';

/** One round: sessions that have held nothing for too long end, and their slots are asked back, in one transaction. Gives how many were looked at. */
export function endIdleSessions(context: Pick<SalesContext, 'database' | 'sessions'>, limit = IDLE_LOOKS_MAX): Promise<number> {
  return inTransaction(context.database.money, { isolation: 'read committed' }, async (tx) => {
    const { idle, looked } = await lookAtIdleSessions(tx, limit);
    await Promise.all(idle.map((entry) => writeFinish(context, tx, entry, 'idle')));
    return looked;
  });
}
