import { nameSeat, readHold, type Buyer, type ShowBook, type TicketOrder } from '@onsale/booking';
import { BuyerBody, OrderBody, OrderParams, type BuyerBody as BuyerInput, type OrderReply, type OrdersReply, type OrderSummary } from '@onsale/contract';
import type { OpaqueId, ShowId } from '@onsale/kernel';
import { idempotencyOf } from '@onsale/runtime';
import { cancelUnpaidOrder, changeBuyer, placeOrder, ticketViews } from '@onsale/sales';
import type { FastifyInstance } from 'fastify';
import type { BookingContext } from '../context.ts';
import { ownOrder, ownOrders } from '../guards/own-order.ts';
import { salesProblem } from '../refusals.ts';
import { bookOf } from './seat-map.ts';

type OrderInput = { show: ShowId; hold: OpaqueId; buyer?: BuyerInput };

/** Orders: the session gates making one; afterwards it opens to its key and to the person it was made by, session or not. */
export function orderRoutes(server: FastifyInstance, context: BookingContext): void {
  server.post<{ Body: OrderInput }>('/orders', { schema: { body: OrderBody }, config: { importance: 'high' } }, async (request, reply) => {
    const { show, hold, buyer = {} } = request.body;
    const session = context.guard.sessionFor(request, 'write', show);
    const { key, request: mark } = idempotencyOf(request);
    const placed = await placeOrder(context.sales, {
      show, hold, person: session.personText, session: session.sidText, account: null, idempotencyKey: key, request: mark, buyer: buyerOf(buyer),
    });
    if (!placed.ok) throw salesProblem(placed.refusal);
    const { order, orderKey, again } = placed.value;
    return reply.code(again ? 200 : 201).send({ ...(await orderReply(context, order)), orderKey });
  });

  server.get('/orders', { config: { importance: 'high' } }, async (request): Promise<OrdersReply> => {
    const orders = await ownOrders(context, request);
    const listed = await Promise.all(orders.map(async (order) => ({ order, book: await context.books.open(order.show) })));
    // Of a show that has been erased nothing is left to tell.
    return { orders: listed.flatMap(({ order, book }) => (book === undefined ? [] : [summaryOf(order, book)])) };
  });

  server.get<{ Params: { id: OpaqueId } }>('/orders/:id', { schema: { params: OrderParams }, config: { importance: 'high' } }, async (request) => {
    return await orderReply(context, await ownOrder(context, request));
  });

  const buyerOptions = { schema: { params: OrderParams, body: BuyerBody }, config: { importance: 'high' as const } };
  server.put<{ Params: { id: OpaqueId }; Body: BuyerInput }>('/orders/:id/buyer', buyerOptions, async (request) => {
    const changed = await changeBuyer(context.sales, await ownOrder(context, request), buyerOf(request.body));
    if (!changed.ok) throw salesProblem(changed.refusal);
    return await orderReply(context, changed.value);
  });

  server.delete<{ Params: { id: OpaqueId } }>('/orders/:id', { schema: { params: OrderParams }, config: { importance: 'high' } }, async (request, reply) => {
    const cancelled = await cancelUnpaidOrder(context.sales, await ownOrder(context, request));
    if (!cancelled.ok) throw salesProblem(cancelled.refusal);
    return reply.code(204).send();
  });
}

const buyerOf = ({ name = '', email = '' }: BuyerInput): Buyer => ({ name: name === '' ? null : name, email: email === '' ? null : email });

export async function orderReply(context: BookingContext, order: TicketOrder): Promise<OrderReply> {
  const summary = summaryOf(order, await bookOf(context, order.show));
  const bySeat = new Map(summary.seats.map((seat) => [seat.seat, seat]));
  const tickets = order.state === 'paid' || order.state === 'refunding' ? await ticketViews(context.sales, context.ticketSigner, order) : [];
  return {
    ...summary,
    remainingMs: await remainingMsOf(context, order),
    tickets: tickets.flatMap(({ id, seat, credential, state }) => {
      const named = bySeat.get(seat);
      return named === undefined ? [] : [{ id, seat: named, credential, state: state === 'suspended' ? ('void' as const) : state }];
    }),
    refusal: order.refusal,
  };
}

function summaryOf(order: TicketOrder, book: ShowBook): OrderSummary {
  const { eventName, venueName, startsAt } = book.terms();
  return {
    id: order.id,
    show: order.show,
    state: order.state,
    seats: order.lines.map(({ seat, face, fee }) => ({ ...nameSeat(book.index, seat), price: face, fee })),
    amount: order.amount,
    currency: order.currency,
    event: eventName,
    venue: venueName,
    startsAt: startsAt.toISOString(),
  };
}

/** What is left of the hold; null once the order is paid, over, or waits for the provider's word, which no clock ends. */
async function remainingMsOf(context: BookingContext, order: TicketOrder): Promise<number | null> {
  if (order.state !== 'open' && order.state !== 'paying') return null;
  const hold = await readHold(context.database.money, order.show, order.hold);
  return hold === undefined || hold.state !== 'live' ? 0 : hold.remainingMs;
}
