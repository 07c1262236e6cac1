import { readOrder } from '@onsale/booking';
import { ConfirmBody, OrderParams, PaymentParams, ProblemError, type ConfirmBody as ConfirmInput, type PaymentReply, type ReturnReply } from '@onsale/contract';
import type { OpaqueId } from '@onsale/kernel';
import { idempotencyOf } from '@onsale/runtime';
import { abandonPayment, confirmPayment, confirmReturn, openPayment } from '@onsale/sales';
import type { FastifyInstance } from 'fastify';
import type { BookingContext } from '../context.ts';
import { salesProblem } from '../refusals.ts';
import { ownOrder } from '../guards/own-order.ts';
import { orderReply } from './orders.ts';
import { bookOf } from './seat-map.ts';

const BELL_AGAIN_MS = 60_000;

type Attempt = { Params: { id: OpaqueId; n: number } };

export function paymentRoutes(server: FastifyInstance, context: BookingContext): void {
  server.post<{ Params: { id: OpaqueId } }>(
    '/orders/:id/payments',
    { schema: { params: OrderParams }, config: { importance: 'high' } },
    async (request, reply) => {
      const order = await ownOrder(context, request);
      const { key: idempotencyKey, request: mark } = idempotencyOf(request);
      const opened = await openPayment(context.sales, order, { idempotencyKey, request: mark });
      if (!opened.ok) throw salesProblem(opened.refusal);
      const { attempt, remainingMs, again } = opened.value;
      const { eventName } = (await bookOf(context, order.show)).terms();
      const body: PaymentReply = {
        n: attempt.n,
        providerOrderId: attempt.providerOrderId,
        orderName: orderNameOf(eventName.ko, order.lines.length),
        amount: attempt.amount,
        currency: attempt.currency,
        tossClientKey: context.toss.clientKey,
        scriptUrl: context.toss.scriptUrl,
        remainingMs,
      };
      return reply.code(again ? 200 : 201).send(body);
    },
  );

  const confirmOptions = { schema: { params: PaymentParams, body: ConfirmBody }, config: { importance: 'money' as const } };
  server.post<Attempt & { Body: ConfirmInput }>('/orders/:id/payments/:n/confirm', confirmOptions, async (request, reply) => {
    const order = await ownOrder(context, request);
    const { paymentKey, orderId, amount } = request.body;
    const confirmed = await confirmPayment(context.sales, { order, n: request.params.n, paymentKey, providerOrderId: orderId, amount });
    if (!confirmed.ok) throw salesProblem(confirmed.refusal);
    const now = await readOrder(context.database.money, order.id);
    if (now === undefined) throw new Error('an order vanished while it was confirmed');
    return reply.code(confirmed.value.kind === 'paid' ? 200 : 202).send(await orderReply(context, now));
  });

  const returnOptions = { schema: { body: ConfirmBody }, config: { importance: 'money' as const } };
  server.post<{ Body: ConfirmInput }>('/payments/confirm', returnOptions, async (request): Promise<ReturnReply> => {
    const { paymentKey, orderId, amount } = request.body;
    const state = await confirmReturn(context.sales, { paymentKey, providerOrderId: orderId, amount });
    if (!state.ok) throw salesProblem(state.refusal);
    return { state: state.value };
  });

  server.post<Attempt>('/orders/:id/payments/:n/abandon', { schema: { params: PaymentParams }, config: { importance: 'high' } }, async (request, reply) => {
    const abandoned = await abandonPayment(context.sales, await ownOrder(context, request), request.params.n);
    if (!abandoned.ok) throw salesProblem(abandoned.refusal);
    return reply.code(204).send();
  });

  server.post('/webhooks/toss', { config: { importance: 'never', originCheck: false } }, async (request) => {
    const heard = await context.bell(request.body);
    // Of a late success only a bell tells, so one that is ours and could not be written down must be rung again: the provider does, unless it got 200.
    if (heard === 'not-now' || heard === 'over-budget') throw new ProblemError('unavailable', { retryAfterMs: BELL_AGAIN_MS });
    return { heard };
  });
}

/** Toss shows it to the buyer: at most 100 characters. */
const orderNameOf = (event: string, seats: number): string => `${event.slice(0, 80)} ${seats}매`;
