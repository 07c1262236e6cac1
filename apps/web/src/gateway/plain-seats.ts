import { randomBytes } from 'node:crypto';
import { SEATS_PER_REQUEST_MAX, type HoldReply, type HoldsReply, type OrderReply, type SeatMapReply, type SessionReply } from '@onsale/contract';
import { parseOpaqueId, parseShowId } from '@onsale/kernel';
import { replyProblem } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { plainSeatsPage, type PlainSeats } from '../html/plain-seats-page.ts';
import { EMAIL_MAX, isEmailFine, NAME_MAX } from '../pages/pay/page-state/buyer.ts';
import { decodeSeats } from '../pages/seats/page-state/seat-codes.ts';
import { askApp, bookingUrl, handOver, PRESS_BUDGET_MS, type Reached } from './ask-app.ts';
import { sendNotFound, type PageContext } from './page-context.ts';
import { formOf } from './plain-form.ts';
import { forwarded } from './sockets.ts';
import { toWindow } from './plain-orders.ts';

/**
 * Seats without scripts: sections → free seats as boxes to tick, or the best available; then what is held, with the buyer's form.
 *
 *   GET ?plain=1                 held? the bill and the buyer's form, what other tabs hold besides : best available, sections
 *   GET ?plain=1&section=A1      the free seats of a section
 *   POST …/hold, …/release, …/leave, …/order      each ends in a redirect; `key` makes a form that was sent twice the same hold
 */
type ShowRoute = { Params: { show: string } };
type Query = { readonly section?: unknown; readonly said?: unknown; readonly ask?: unknown; readonly hold?: unknown };
const ACTIONS = { hold, release, leave, order } as const;

export function servePlainSeats(scope: FastifyInstance, context: PageContext): void {
  for (const [name, action] of Object.entries(ACTIONS)) {
    scope.post<ShowRoute>(`/shows/:show/${name}`, { config: { budgetMs: PRESS_BUDGET_MS } }, async (request, reply) => {
      const { show } = request.params;
      if (!parseShowId(show).ok) return replyProblem(request, reply, 'not-found');
      return reply.redirect(await action(request, reply, context, show), 303);
    });
  }
}

/** `GET /shows/:show?plain=1`. */
export async function sendPlainSeats(request: FastifyRequest<ShowRoute>, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  const { show } = request.params;
  const ask = (path: string) => askApp(request, context, 'GET', bookingUrl(context, path));
  const [hall, session, mine, seats] = await Promise.all([
    context.onSale.hall(show, forwarded(request.raw, context.edge)),
    ask('/entry'),
    ask(`/shows/${show}/holds/mine`),
    ask(`/shows/${show}/seats`),
  ]);
  if (hall === null) return sendNotFound(request, reply, context);
  const query = request.query as Query;
  const holds = (bodyOf<HoldsReply>(mine)?.holds ?? []).filter(isLive);
  const codes = seats?.status === 200 ? decodeSeats(seats.body as SeatMapReply, hall.seats) : null;
  const page: PlainSeats = {
    show,
    room: context.items.find((item) => item.show === show)?.room ?? null,
    hall,
    session: bodyOf<SessionReply>(session),
    holds,
    codes: codes?.codes ?? null,
    section: hall.layout.sections.find(({ section }) => section === query.section) ?? null,
    asks: query.ask === 'leave' ? 'leave' : null,
    releases: query.ask === 'release' ? (holds.find(({ id }) => id === query.hold) ?? null) : null,
    said: typeof query.said === 'string' ? query.said : session === null || session.status >= 500 ? (session?.code ?? 'unavailable') : null,
    paysHere: context.plainWindow !== null,
    key: randomBytes(16).toString('base64url'),
  };
  return context.sendHtml(request, reply, (language) => plainSeatsPage(language, context.assetsOf('plain'), page), { personal: true });
}

const bodyOf = <Body>(answer: Reached | null): Body | null => (answer?.status === 200 ? (answer.body as Body) : null);
const isLive = ({ state, remainingMs }: HoldReply): boolean => state === 'live' && remainingMs > 0;
const hereOf = (show: string): string => `/shows/${show}?plain=1`;
const saidOf = (answer: Reached | null, here: string): string =>
  answer !== null && answer.status < 300 ? here : `${here}&said=${encodeURIComponent(answer?.code ?? 'unavailable')}`;

async function hold(request: FastifyRequest, _reply: FastifyReply, context: PageContext, show: string): Promise<string> {
  const form = formOf(request);
  const section = form.get('section');
  const here = section === null ? hereOf(show) : `${hereOf(show)}&section=${encodeURIComponent(section.slice(0, 16))}`;
  const seats = form.getAll('seat').slice(0, SEATS_PER_REQUEST_MAX + 1).map(Number);
  if (section !== null && seats.length === 0) return `${here}&said=none-chosen`;
  const grade = form.get('grade') ?? '';
  const body = section === null ? { bestAvailable: { quantity: Number(form.get('quantity')), ...(grade === '' ? {} : { grade }) } } : { seats };
  const headers = { 'idempotency-key': form.get('key') ?? '' };
  const answer = await askApp(request, context, 'POST', bookingUrl(context, `/shows/${show}/holds`), { body, headers });
  return saidOf(answer, answer !== null && answer.status < 300 ? hereOf(show) : here);
}

async function release(request: FastifyRequest, _reply: FastifyReply, context: PageContext, show: string): Promise<string> {
  const id = parseOpaqueId(formOf(request).get('hold') ?? '');
  if (!id.ok) return hereOf(show);
  return saidOf(await askApp(request, context, 'DELETE', bookingUrl(context, `/shows/${show}/holds/${id.value}`)), hereOf(show));
}

async function leave(request: FastifyRequest, reply: FastifyReply, context: PageContext, show: string): Promise<string> {
  const answer = await askApp(request, context, 'DELETE', bookingUrl(context, '/entry'));
  handOver(reply, answer?.cookies);
  return saidOf(answer, hereOf(show));
}

/** Makes the order of the hold, or corrects the buyer of the one that is there, and goes on to the payment window. */
async function order(request: FastifyRequest, _reply: FastifyReply, context: PageContext, show: string): Promise<string> {
  const form = formOf(request);
  const hold = parseOpaqueId(form.get('hold') ?? '');
  if (!hold.ok) return hereOf(show);
  const name = (form.get('name') ?? '').trim().slice(0, NAME_MAX);
  const email = (form.get('email') ?? '').trim().slice(0, EMAIL_MAX);
  if (!isEmailFine(email)) return `${hereOf(show)}&said=email-wrong`;
  const buyer = { ...(name === '' ? {} : { name }), ...(email === '' ? {} : { email }) };
  const body = { show, hold: hold.value, ...(Object.keys(buyer).length === 0 ? {} : { buyer }) };
  const headers = { 'idempotency-key': `order-${hold.value}` };
  const made = await askApp(request, context, 'POST', bookingUrl(context, '/orders'), { body, headers });
  const known = made?.code === 'key-reused' ? parseOpaqueId(String((made.body as { order?: unknown }).order)) : undefined;
  const correct = known?.ok === true ? bookingUrl(context, `/orders/${known.value}/buyer`) : null;
  const answer = correct === null ? made : await askApp(request, context, 'PUT', correct, { body: buyer });
  if (answer === null || answer.status >= 300) return saidOf(answer, hereOf(show));
  return toWindow(request, context, (answer.body as OrderReply).id);
}
