import { issueTickets, moveOrder, readOrder, type Alongside, type CommandAnswer, type CommandRefusal, type TicketOrder } from '@onsale/booking';
import { invariant } from '@onsale/kernel';
import { abandonPrepared, insertPayment, moveAttempt, type Attempt, type ProviderPayment } from '@onsale/payments';
import { isPassing, refuseAlongside } from './command-refusal.ts';
import type { SalesContext } from './context.ts';
import { expireHold } from './expire.ts';
import { finishingEntry, writeFinish } from './finish-entry.ts';
import { giveBack } from './give-back.ts';
import { readStanding, type Standing } from './standing.ts';

/** What never changes of an order, and so may have been read before. */
export type SettlingOrder = Pick<TicketOrder, 'id' | 'show' | 'session' | 'state'>;

/**
 * The provider has captured the money, as asked. In one transaction: hold settled, seats sold, order paid, tickets issued,
 * payment written down, the entry's slot freed. Before that transaction nothing of it is true, after it all of it is (B3).
 *
 *   hold confirming ── settle ──► paid          hold live (the success came after a refusal) ── confirming, settle ──► paid
 *   hold over ── retake: the same seats, if all are free and the limits allow ──► paid          otherwise ──► money back
 *
 * Called again, or by two processes at once, it does nothing more: the attempt's state is compared and set.
 */
export async function settle(context: SalesContext, attempt: Attempt, payment: ProviderPayment, known?: SettlingOrder): Promise<Standing> {
  const order = known ?? (await readOrder(context.database.money, attempt.order));
  invariant(order !== undefined, 'an attempt without its order');
  const entry = await finishingEntry(context, order);
  const pay: Alongside = async (tx) => {
    if (!(await moveOrder(tx, order.id, 'paid'))) throw refuseAlongside({ kind: 'order-state', state: order.state });
    if (!(await moveAttempt(tx, attempt, 'capture'))) throw refuseAlongside({ kind: 'attempt-over', state: attempt.state });
    // While an attempt confirms no window can be opened beside it; only a late success may meet one.
    if (attempt.state !== 'confirming') await abandonPrepared(tx, order.id, attempt.n);
    await insertPayment(tx, attempt, payment);
    await issueTickets(tx, order.id, () => context.newId());
    await writeFinish(context, tx, entry);
  };
  const answer = await seat(context, attempt, pay);
  if (answer.ok) return answer.value.again ? readStanding(context, attempt) : { kind: 'paid' };
  // The database or the queue could not: the attempt keeps its state and is looked at again.
  if (isPassing(answer.refusal)) return { kind: 'pending' };
  const standing = await readStanding(context, attempt);
  if (standing.kind === 'paid' || standing.kind === 'returning') return standing;
  return giveBack(context, attempt, payment, 'seats-gone');
}

/** Seats for captured money, by the first of the three ways that the hold's state allows. */
async function seat(context: SalesContext, attempt: Attempt, pay: Alongside): Promise<CommandAnswer> {
  const { show, hold, id, order } = attempt;
  const settled = await context.engine.submit({ kind: 'settle', show, hold, attempt: id }, pay);
  if (settled.ok || !isOver(settled.refusal)) return settled;
  if (isLive(settled.refusal)) {
    const back = await context.engine.submit({ kind: 'confirming', show, hold, order, attempt: id }, async (tx) => {
      await moveOrder(tx, order, 'paying');
      await moveOrder(tx, order, 'confirming');
    });
    return back.ok ? context.engine.submit({ kind: 'settle', show, hold, attempt: id }, pay) : back;
  }
  const retaken = await context.engine.submit({ kind: 'retake', show, hold, attempt: id }, pay);
  if (retaken.ok || retaken.refusal.kind !== 'hold-expired') return retaken;
  // Its time is over but nobody has swept it yet: the seats are still its own until it is expired.
  await expireHold(context, { kind: 'expire', show, hold });
  return context.engine.submit({ kind: 'retake', show, hold, attempt: id }, pay);
}

const isOver = (refusal: CommandRefusal): boolean => refusal.kind === 'hold-state' || refusal.kind === 'hold-expired';
const isLive = (refusal: CommandRefusal): boolean => refusal.kind === 'hold-state' && refusal.state === 'live';
