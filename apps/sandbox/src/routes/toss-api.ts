import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answerCall, failed } from '../toss/call.ts';
import { cancel, confirm, listTransactions, lookUp } from '../toss/operations.ts';
import { isFields } from '../toss/request-bodies.ts';
import type { TossWorld } from '../toss/world.ts';

type Params = { readonly paymentKey: string; readonly orderId: string };
const params = (request: FastifyRequest): Params => request.params as Params;

/** The part of Toss' API that is simulated, under its own addresses. */
export function registerTossApi(app: FastifyInstance, world: TossWorld): void {
  app.post('/v1/payments/confirm', (request, reply) =>
    answerCall(world, request, reply, 'confirm', orderIdIn(request.body), (call) => confirm(world, call, request.body)),
  );
  app.get('/v1/payments/orders/:orderId', (request, reply) => {
    const { orderId } = params(request);
    return answerCall(world, request, reply, 'look-up', orderId, ({ holder }) => lookUp(world, world.ledger.byOrderId(orderId, holder.merchant.mid)));
  });
  app.get('/v1/payments/:paymentKey', (request, reply) => {
    const { paymentKey } = params(request);
    const orderId = world.ledger.byKey(paymentKey)?.orderId ?? null;
    return answerCall(world, request, reply, 'look-up', orderId, ({ holder }) => lookUp(world, world.ledger.byKey(paymentKey, holder.merchant.mid)));
  });
  app.post('/v1/payments/:paymentKey/cancel', (request, reply) => {
    const { paymentKey } = params(request);
    const orderId = world.ledger.byKey(paymentKey)?.orderId ?? null;
    return answerCall(world, request, reply, 'cancel', orderId, (call) => cancel(world, call, paymentKey, request.body));
  });
  app.get('/v1/transactions', (request, reply) =>
    answerCall(world, request, reply, 'transactions', null, (call) => listTransactions(world, call, request.query as Record<string, unknown>)),
  );
  // Virtual accounts, billing, settlements and the rest of /v1: a clear no instead of a wrong yes.
  app.all('/v1/*', (request, reply) => answerCall(world, request, reply, 'look-up', null, () => failed('SANDBOX_NOT_SIMULATED')));
}

const orderIdIn = (body: unknown): string | null => (isFields(body) && typeof body['orderId'] === 'string' ? body['orderId'] : null);
