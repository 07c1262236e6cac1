import {
  amountOf, insertOrder, keyedId, nameSeat, priceSeats, readOrder, type Buyer, type NewTicketOrder, type ShowBook, type TicketOrder,
} from '@onsale/booking';
import { invariant, ok, refuse, type OpaqueId, type Result, type ShowId } from '@onsale/kernel';
import { CARD_MINIMUM_WON } from '@onsale/payments';
import { isPassing, isReused, refuseAlongside, salesRefusal } from './command-refusal.ts';
import type { SalesContext, SalesRefusal } from './context.ts';
import { hashOfOrderKey, keyOfStoredOrder, orderKeyOf } from './order-key.ts';
import { settleFree } from './settle-free.ts';

export type OrderRequest = {
  readonly show: ShowId;
  readonly hold: OpaqueId;
  readonly person: OpaqueId;
  /** The entry session: it gates starting, and the order counts against its `ordersPerEntry`. */
  readonly session: OpaqueId;
  readonly account: OpaqueId | null;
  /** The Idempotency-Key, and the mark of the request that it came with. */
  readonly idempotencyKey: string;
  readonly request: string;
  readonly buyer: Buyer;
};
export type PlacedOrder = { readonly order: TicketOrder; readonly orderKey: string; readonly again: boolean };

/**
 * Makes an order of a live hold: prices are the server's (B6) and fixed seat by seat in the transaction that binds the hold.
 * The same session and Idempotency-Key find the order they made. An order that costs nothing is settled at once.
 */
export async function placeOrder(context: SalesContext, request: OrderRequest): Promise<Result<PlacedOrder, SalesRefusal>> {
  const { show, hold, person, session } = request;
  const book = await context.books.open(show);
  if (book === undefined) return refuse({ kind: 'unknown-show' });
  const id = keyedId(context.orderKeys[0], 'order', session, request.idempotencyKey);
  const orderKey = orderKeyOf(context.orderKeys, id);
  let written: NewTicketOrder | undefined;
  const answer = await context.engine.submit({ kind: 'order', show, hold, person, order: id }, async (tx, done) => {
    // The hold has no order, but the key has made one of another hold: without this look its INSERT would break the whole batch, again and again.
    if ((await readOrder(tx, id)) !== undefined) throw refuseAlongside({ kind: 'key-reused', order: id });
    const { currency, feePolicy } = book.terms();
    const lines = linesOf(book, done.hold?.seats ?? []);
    written = {
      id, show, hold, person, session, account: request.account, keyHash: hashOfOrderKey(orderKey), currency, lines, feePolicy, buyer: request.buyer,
      request: request.request,
    };
    await insertOrder(tx, written);
  });
  if (!answer.ok) {
    // Another hold that cannot be ordered: a key that was used is named first.
    const known = isPassing(answer.refusal) ? undefined : await readOrder(context.database.money, id);
    return refuse(known !== undefined && isReused(known, request.request) ? { kind: 'key-reused', order: id } : salesRefusal(answer.refusal));
  }
  const { again } = answer.value;
  const order = again || written === undefined ? await storedOrder(context, id) : openOrder(written);
  return isReused(order, request.request) ? refuse({ kind: 'key-reused', order: id }) : finish(context, order, again);
}

async function storedOrder(context: SalesContext, id: OpaqueId): Promise<TicketOrder> {
  const order = await readOrder(context.database.money, id);
  invariant(order !== undefined, 'the hold names an order that is not there');
  return order;
}

/** An order as it stands right after it was written; its row says when to the millisecond, which nobody needs yet. */
const openOrder = (order: NewTicketOrder): TicketOrder => ({
  ...order, state: 'open', amount: amountOf(order.lines), refusal: null, madeAt: new Date(), paidAt: null,
  lines: order.lines.map((line, index) => ({ ...line, line: index, state: 'open', refunded: 0 })),
});

function linesOf(book: ShowBook, seats: readonly number[]) {
  const priced = priceSeats(seats.map((seat) => nameSeat(book.index, seat)));
  if (!priced.ok) throw refuseAlongside({ kind: 'amount-not-payable', minimum: CARD_MINIMUM_WON });
  return priced.value;
}

async function finish(context: SalesContext, placed: TicketOrder, again: boolean): Promise<Result<PlacedOrder, SalesRefusal>> {
  let order = placed;
  if (order.amount === 0 && order.state === 'open') {
    const free = await settleFree(context, order);
    if (!free.ok) return free;
    order = free.value;
  }
  const orderKey = keyOfStoredOrder(context.orderKeys, order.id, order.keyHash);
  // Another Idempotency-Key of another session cannot lead here: the id is a MAC over both.
  if (orderKey === undefined) return refuse({ kind: 'no-order' });
  return ok({ order, orderKey, again });
}
