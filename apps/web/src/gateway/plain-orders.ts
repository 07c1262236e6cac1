import { randomBytes } from 'node:crypto';
import type { OrderReply, OrdersReply, PaymentReply, ReturnReply } from '@onsale/contract';
import { parseOpaqueId } from '@onsale/kernel';
import { replyProblem } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { plainConfirmingPage, plainElsewherePage, plainMinePage, plainOrderPage } from '../html/plain-order-page.ts';
import { elsewhereOf, readReturn, type Elsewhere, type Return } from '../pages/order/page-state/order-state.ts';
import { admissionUrl, askApp, bookingUrl, handOver, PRESS_BUDGET_MS, type Reached } from './ask-app.ts';
import { sendNotFound, type PageContext } from './page-context.ts';

/**
 * Orders without scripts. The payment window comes back to the order's own address with its word, which is handed over here and then leaves the
 * address: back from the window is one redirect, and a reload confirms nothing again.
 */
type OrderRoute = { Params: { id: string } };
type Query = Readonly<Record<string, unknown>>;
/** Longer than most banks take, and less than the page's own time budget; past it the page asks again, which confirms once. */
const CONFIRM_MS = 10_000;
/** Answers after which the order itself says how it stands. */
const SAID_BY_ORDER: readonly (string | null)[] = ['order-state', 'payment-in-progress'];

export function servePlainOrders(scope: FastifyInstance, context: PageContext): void {
  const actions = { pay: toWindow, cancel } as const;
  for (const [name, action] of Object.entries(actions)) {
    scope.post<OrderRoute>(`/orders/:id/${name}`, { config: { budgetMs: PRESS_BUDGET_MS } }, async (request, reply) => {
      const { id } = request.params;
      if (!parseOpaqueId(id).ok) return replyProblem(request, reply, 'not-found');
      return reply.redirect(await action(request, context, id), 303);
    });
  }
}

/** `GET /orders/:id?plain=1`, straight or back from the payment window. */
export async function sendPlainOrder(request: FastifyRequest<OrderRoute>, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  const { id } = request.params;
  const query = request.query as Query;
  const back = readReturn({ get: (name) => (typeof query[name] === 'string' ? query[name] : null) });
  if (back.kind !== 'plain') return takeReturn(request, reply, context, id, back);
  const answer = await askApp(request, context, 'GET', bookingUrl(context, `/orders/${id}`));
  const order = answer?.status === 200 ? (answer.body as OrderReply) : null;
  const refused = answer?.status === 404 ? null : answer === null ? 'unavailable' : answer.code;
  const said = typeof query['said'] === 'string' ? query['said'] : refused;
  const isAway = answer === null || (answer.status !== 200 && answer.status !== 404);
  const page = { id, order, isAway, said, asks: query['ask'] === 'cancel', paysHere: context.plainWindow !== null };
  return context.sendHtml(request, reply, (language) => plainOrderPage(language, context.assetsOf('plain'), page), { personal: true });
}

/** `GET /me?plain=1`: whoever visits has the life of the device cookie renewed. */
export async function sendPlainMine(request: FastifyRequest, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  const answer = await askApp(request, context, 'GET', bookingUrl(context, '/orders'));
  if (answer?.status === 200) handOver(reply, (await askApp(request, context, 'POST', admissionUrl(context, '/device')))?.cookies);
  const orders = answer?.status === 200 ? (answer.body as OrdersReply).orders : [];
  const isKnown = answer?.status === 200 || answer?.code === 'no-identity';
  return context.sendHtml(request, reply, (language) => plainMinePage(language, context.assetsOf('plain'), orders, isKnown), { personal: true });
}

const hereOf = (id: string): string => `/orders/${id}?plain=1`;
const saidOf = (answer: Reached | null, id: string): string =>
  answer !== null && answer.status < 300 ? hereOf(id) : `${hereOf(id)}&said=${encodeURIComponent(answer?.code ?? 'unavailable')}`;

/** Opens an attempt, and gives the address of the window, or of the order's page with the reason why there is none. */
export async function toWindow(request: FastifyRequest, context: PageContext, id: string): Promise<string> {
  const { plainWindow } = context;
  if (plainWindow === null) return hereOf(id);
  const headers = { 'idempotency-key': randomBytes(16).toString('base64url') };
  const answer = await askApp(request, context, 'POST', bookingUrl(context, `/orders/${id}/payments`), { headers });
  if (answer === null || answer.status >= 300) return saidOf(answer, id);
  const { n, tossClientKey, providerOrderId, orderName, amount, currency } = answer.body as PaymentReply;
  const back = `${request.headers.origin ?? `${request.protocol}://${request.headers.host ?? ''}`}/orders/${id}?plain=1&n=${n}`;
  const asked = { clientKey: tossClientKey, customerKey: '@@ANONYMOUS', currency, value: String(amount), orderId: providerOrderId, orderName };
  return `${plainWindow}?${new URLSearchParams({ ...asked, successUrl: back, failUrl: `${back}&failed=1` })}`;
}

async function cancel(request: FastifyRequest, context: PageContext, id: string): Promise<string> {
  return saidOf(await askApp(request, context, 'DELETE', bookingUrl(context, `/orders/${id}`)), id);
}

type Brought = Exclude<Return, { kind: 'plain' }>;

async function takeReturn(request: FastifyRequest, reply: FastifyReply, context: PageContext, id: string, back: Brought): Promise<FastifyReply> {
  const post = (path: string, body: object) => askApp(request, context, 'POST', bookingUrl(context, path), { body, timeoutMs: CONFIRM_MS });
  const elsewhere = (word: Elsewhere): Promise<FastifyReply> =>
    context.sendHtml(request, reply, (language) => plainElsewherePage(language, context.assetsOf('plain'), word), { personal: true });
  if (back.kind === 'failed') {
    const abandoned = await post(`/orders/${id}/payments/${back.n}/abandon`, {});
    if (abandoned?.status === 404) return elsewhere('refused');
    return reply.redirect(`${hereOf(id)}&said=${back.said ?? 'refused'}`, 303);
  }
  const { n, paymentKey, orderId, amount } = back;
  const isLater = (answer: Reached | null): boolean => answer === null || answer.status === 503;
  // Not handed over yet: the same address is asked for again, which confirms once however often it is asked.
  const again = (): Promise<FastifyReply> =>
    context.sendHtml(request, reply, (language) => plainConfirmingPage(language, context.assetsOf('plain'), request.url), { personal: true });
  const confirmed = await post(`/orders/${id}/payments/${n}/confirm`, { paymentKey, orderId, amount });
  if (isLater(confirmed)) return await again();
  if (confirmed?.status !== 404) return reply.redirect(SAID_BY_ORDER.includes(confirmed?.code ?? null) ? hereOf(id) : saidOf(confirmed, id), 303);
  const returned = await post('/payments/confirm', { paymentKey, orderId, amount });
  if (returned === null || isLater(returned)) return await again();
  const word = elsewhereOf(returned.status < 300 ? (returned.body as ReturnReply).state : (returned.code ?? 'not-found'));
  return word === null ? sendNotFound(request, reply, context) : elsewhere(word);
}
