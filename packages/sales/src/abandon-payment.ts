import { lockOrder, moveOrder, type TicketOrder } from '@onsale/booking';
import { inTransaction } from '@onsale/database';
import { ok, refuse, type Result } from '@onsale/kernel';
import { lockAttempts, moveAttempt } from '@onsale/payments';
import type { SalesContext, SalesRefusal } from './context.ts';

/** The buyer closed the window. The hold keeps its time; another attempt may be opened. Again: nothing. */
export function abandonPayment(context: SalesContext, order: TicketOrder, n: number): Promise<Result<null, SalesRefusal>> {
  return inTransaction(context.database.money, { isolation: 'read committed' }, async (tx) => {
    const locked = await lockOrder(tx, order.id);
    if (locked === undefined) return refuse({ kind: 'no-order' });
    const attempt = (await lockAttempts(tx, order.id)).find((candidate) => candidate.n === n);
    if (attempt === undefined) return refuse({ kind: 'no-attempt' });
    if (attempt.state === 'confirming') return refuse({ kind: 'payment-in-progress' });
    if (attempt.state === 'abandoned') return ok(null);
    if (attempt.state !== 'prepared') return refuse({ kind: 'attempt-over', state: attempt.state });
    await moveAttempt(tx, attempt, 'abandon');
    await moveOrder(tx, order.id, 'open', { from: ['paying'] });
    return ok(null);
  });
}
