import { lockOrder, moveOrder, type TicketOrder } from '@onsale/booking';
import type { Tx } from '@onsale/database';
import { invariant, ok, refuse, type Result } from '@onsale/kernel';
import { abandonPrepared, ATTEMPTS_PER_ORDER, attemptsOf, insertAttempt, lockAttempts, type Attempt, type NewAttempt } from '@onsale/payments';
import { isReused, refuseAlongside, salesRefusal } from './command-refusal.ts';
import type { SalesContext, SalesRefusal } from './context.ts';

/** What the window needs of an attempt. */
export type WindowAttempt = Pick<Attempt, 'n' | 'providerOrderId' | 'amount' | 'currency'>;
export type OpenedPayment = { readonly attempt: WindowAttempt; readonly remainingMs: number; readonly again: boolean };

/** The Idempotency-Key, and the mark of the request that it came with. */
export type Opening = { readonly idempotencyKey: string; readonly request: string };

/**
 * Opens a payment window: one attempt with a provider order id of its own, never used again. The first one lengthens the
 * hold to at least 10 minutes, in the same transaction. A window that was open before is abandoned: what a buyer approves in
 * it can no longer be confirmed. The same Idempotency-Key finds the attempt it opened.
 */
export async function openPayment(
  context: SalesContext, order: TicketOrder, { idempotencyKey, request }: Opening,
): Promise<Result<OpenedPayment, SalesRefusal>> {
  const { show, hold } = order;
  if (order.amount === 0) return refuse({ kind: 'order-state', state: order.state });
  const id = context.orderIds.attemptId(order.id, idempotencyKey);
  let written: WindowAttempt | undefined;
  const answer = await context.engine.submit({ kind: 'lengthen', show, hold, order: order.id, attempt: id }, async (tx) => {
    written = await writeAttempt(context, tx, order, { id, request });
  });
  if (!answer.ok) return refuse(salesRefusal(answer.refusal));
  const remainingMs = answer.value.hold?.remainingMs ?? 0;
  if (!answer.value.again && written !== undefined) return ok({ attempt: written, remainingMs, again: false });
  const known = (await attemptsOf(context.database.money, order.id)).find((attempt) => attempt.id === id);
  invariant(known !== undefined, 'the hold names an attempt that is not there');
  if (isReused(known, request)) return refuse({ kind: 'key-reused' });
  return known.state === 'prepared' ? ok({ attempt: known, remainingMs, again: true }) : refuse(overAlready(known));
}

async function writeAttempt(context: SalesContext, tx: Tx, order: TicketOrder, { id, request }: Pick<Attempt, 'id' | 'request'>): Promise<WindowAttempt> {
  // open → paying, or paying already: either way its row is ours until the commit.
  if (!(await moveOrder(tx, order.id, 'paying', { from: ['open'] }))) {
    const locked = await lockOrder(tx, order.id);
    if (locked === undefined) throw refuseAlongside({ kind: 'no-order' });
    if (locked.state !== 'paying') throw refuseAlongside({ kind: 'order-state', state: locked.state });
  }
  const attempts = await lockAttempts(tx, order.id);
  if (attempts.some(({ state }) => state === 'confirming')) throw refuseAlongside({ kind: 'payment-in-progress' });
  const same = attempts.find((attempt) => attempt.id === id);
  if (same !== undefined) {
    if (isReused(same, request)) throw refuseAlongside({ kind: 'key-reused' });
    if (same.state !== 'prepared') throw refuseAlongside(overAlready(same));
    return same;
  }
  if (attempts.length >= ATTEMPTS_PER_ORDER) throw refuseAlongside({ kind: 'attempts-used', max: ATTEMPTS_PER_ORDER });
  const n = attempts.length + 1;
  if (attempts.some(({ state }) => state === 'prepared')) await abandonPrepared(tx, order.id);
  const attempt: NewAttempt = {
    order: order.id, n, id, show: order.show, hold: order.hold, providerOrderId: context.orderIds.sign({ order: order.id, n }),
    amount: order.amount, currency: order.currency, request,
  };
  await insertAttempt(tx, attempt);
  return attempt;
}

const overAlready = ({ state }: Attempt): SalesRefusal => (state === 'confirming' ? { kind: 'payment-in-progress' } : { kind: 'attempt-over', state });
