import { DEVICE_COOKIE, type EntryReply, type PlaceReply } from '@onsale/contract';
import { parseRoomId } from '@onsale/kernel';
import { replyProblem } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { plainRoomPage, type PlainPlace } from '../html/plain-room-page.ts';
import { admissionUrl, askApp, bookingUrl, handOver, LOOK_MS, PRESS_BUDGET_MS } from './ask-app.ts';
import { cookieValue } from './language.ts';
import { sendNotFound, type PageContext } from './page-context.ts';
import { forwarded } from './sockets.ts';

/**
 * The queue page for browsers without scripts: forms instead of presses, a reload instead of a socket. The gateway asks the
 * apps with the fan's own cookies and hands their cookies back, so a fan may change between this page and the other.
 *
 *   first visit ──► device cookie set, sent back once ──came back──► may join        A place is taken for nobody who could not keep it.
 *                                                   └─ refused ────► told what to do
 *   an answer that is not to be had now (asked too often, away) shows what was known a moment ago, and renews
 */
const RENEW_SECONDS = { least: 5, most: 60, usual: 15 };
const ACTIONS = ['join', 'return', 'leave', 'enter'] as const;
type Action = (typeof ACTIONS)[number];
type RoomRoute = { Params: { room: string } };
type Query = { readonly said?: unknown; readonly cookies?: unknown; readonly ask?: unknown };

export function servePlainQueue(scope: FastifyInstance, context: PageContext): void {
  for (const action of ACTIONS) {
    // buildServer checks the Origin of these writes before they come here.
    scope.post<RoomRoute>(`/rooms/:room/${action}`, { config: { budgetMs: PRESS_BUDGET_MS } }, async (request, reply) => act(action, request, reply, context));
  }
}

const hasDevice = (request: FastifyRequest, { edge }: PageContext): boolean =>
  cookieValue(request.headers.cookie, (edge.secure ? '__Host-' : '') + DEVICE_COOKIE) !== undefined;

/** `GET /rooms/:room?plain=1`. */
export async function sendPlainRoom(request: FastifyRequest<RoomRoute>, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  const { room } = request.params;
  const facts = await context.onSale.room(room, forwarded(request.raw, context.edge));
  if (facts === 'unknown') return sendNotFound(request, reply, context);
  const query = request.query as Query;
  const place = { room, name: facts?.name ?? null, shows: facts?.shows ?? [], asksToLeave: query.ask === 'leave', paysHere: context.plainWindow !== null };
  const send = (rest: Omit<PlainPlace, keyof typeof place>): Promise<FastifyReply> =>
    context.sendHtml(request, reply, (language) => plainRoomPage(language, context.assetsOf('plain'), { ...place, ...rest }), { personal: true });
  if (!hasDevice(request, context)) {
    if (query.cookies === 'tried') return send({ me: null, state: 'no-cookies', code: null, renewSeconds: null });
    const device = await askApp(request, context, 'POST', admissionUrl(context, '/device'), { timeoutMs: LOOK_MS });
    if (device?.status === 204) {
      handOver(reply, device.cookies);
      return reply.redirect(`/rooms/${room}?plain=1&cookies=tried`, 303);
    }
    return send({ me: null, state: 'away', code: device?.code ?? 'unavailable', renewSeconds: RENEW_SECONDS.usual });
  }
  const known = await placeOf(request, context, room);
  return send({ ...known, code: typeof query.said === 'string' ? query.said : known.code });
}

type Known = Pick<PlainPlace, 'me' | 'state' | 'code' | 'renewSeconds'>;
const secondsOf = (ms: number): number => Math.min(RENEW_SECONDS.most, Math.max(RENEW_SECONDS.least, Math.ceil(ms / 1_000)));

async function placeOf(request: FastifyRequest, context: PageContext, room: string): Promise<Known> {
  const fan = `${room} ${request.headers.cookie ?? ''}`;
  const answer = await askApp(request, context, 'GET', admissionUrl(context, `/rooms/${encodeURIComponent(room)}/places/me`));
  if (answer?.status === 200) {
    const me = answer.body as PlaceReply;
    context.places.keep(fan, me);
    return { me, state: 'known', code: null, renewSeconds: secondsOf(me.pollAfterMs) };
  }
  const isLater = answer === null || answer.status === 429 || answer.status >= 500;
  if (!isLater) {
    context.places.forget(fan);
    const hasNone = answer.code === 'no-receipt' || answer.code === 'bad-receipt';
    return { me: null, state: 'none', code: hasNone ? null : answer.code, renewSeconds: null };
  }
  const told = (answer?.body as { retryAfterMs?: unknown } | null)?.retryAfterMs;
  const renewSeconds = secondsOf(typeof told === 'number' ? told : RENEW_SECONDS.usual * 1_000);
  // Asked too often is no trouble of the fan's: what was known a moment ago is shown, and the page renews itself.
  const code = answer?.status === 429 ? null : (answer?.code ?? 'unavailable');
  const me = context.places.recall(fan);
  return { me, state: me === null ? 'away' : 'known', code, renewSeconds };
}

async function act(action: Action, request: FastifyRequest<RoomRoute>, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  const { room } = request.params;
  if (!parseRoomId(room).ok) return replyProblem(request, reply, 'not-found');
  const here = `/rooms/${room}?plain=1`;
  // Whoever brings no cookie back could not keep a place: the page tries them first, and says so where they are refused.
  if (action === 'join' && !hasDevice(request, context)) return reply.redirect(here, 303);
  const cookies: string[] = [];
  if (action === 'join') cookies.push(...((await askApp(request, context, 'POST', admissionUrl(context, '/device'), { timeoutMs: LOOK_MS }))?.cookies ?? []));
  const [method, path] = {
    join: ['POST', '/places'],
    return: ['POST', '/places/me/return'],
    leave: ['DELETE', '/places/me'],
    enter: ['POST', '/places/me/entry'],
  }[action] as ['POST' | 'DELETE', string];
  const answer = await askApp(request, context, method, admissionUrl(context, `/rooms/${encodeURIComponent(room)}${path}`), { fresh: cookies });
  cookies.push(...(answer?.cookies ?? []));
  const isDone = answer !== null && answer.status < 300;
  const next = action === 'enter' && isDone ? await redeem(request, context, answer.body as EntryReply, cookies) : here;
  handOver(reply, cookies);
  return reply.redirect(isDone ? next : `${here}&said=${answer?.code ?? 'unavailable'}`, 303);
}

/** The entry token goes straight on to booking; the fan's browser only ever holds the session cookie. */
async function redeem(request: FastifyRequest, context: PageContext, { entryToken, shows }: EntryReply, cookies: string[]): Promise<string> {
  const here = `/rooms/${(request.params as { room: string }).room}?plain=1`;
  const [show] = shows;
  const answer = await askApp(request, context, 'POST', bookingUrl(context, '/entry'), { body: { entryToken }, fresh: cookies });
  if (answer === null || answer.status >= 300 || show === undefined) return `${here}&said=${answer?.code ?? 'unavailable'}`;
  cookies.push(...answer.cookies);
  // Of several shows the room's page lets the fan choose.
  return shows.length === 1 ? `/shows/${show.show}?plain=1` : here;
}
