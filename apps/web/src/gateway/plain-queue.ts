import { ADMISSION_PREFIX, BOOKING_PREFIX, type EntryReply, type PlaceReply } from '@onsale/contract';
import { parseRoomId } from '@onsale/kernel';
import { replyProblem } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { plainRoomPage, type PlainPlace } from '../html/plain-room-page.ts';
import { forwarded } from './sockets.ts';
import type { PageContext } from './pages.ts';
import { bookingUpstream, type Upstreams } from './proxy.ts';

/**
 * The queue page for browsers without scripts: forms instead of presses, a reload instead of a socket. The gateway asks the
 * apps with the fan's own cookies and hands their cookies back, so a fan may change between this page and the other.
 */
const ANSWER_MS = 5_000;
const RENEW_SECONDS = { least: 5, most: 60, usual: 15 };
const ACTIONS = ['join', 'return', 'leave', 'enter'] as const;
type Action = (typeof ACTIONS)[number];
type RoomRoute = { Params: { room: string } };
type Reached = { readonly status: number; readonly body: unknown; readonly cookies: readonly string[] };

export async function servePlainQueue(app: FastifyInstance, context: PageContext): Promise<void> {
  await app.register(async (scope) => {
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, _body, done) => done(null, null));
    for (const action of ACTIONS) {
      // buildServer checks the Origin of these writes before they come here.
      scope.post<RoomRoute>(`/rooms/:room/${action}`, async (request, reply) => act(action, request, reply, context));
    }
  });
}

/** `GET /rooms/:room?plain=1`. */
export async function sendPlainRoom(request: FastifyRequest<RoomRoute>, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  const { room } = request.params;
  const [facts, me] = await Promise.all([
    context.onSale.room(room, forwarded(request.raw, context.edge)),
    ask(request, context, 'GET', admission(context.upstreams, room, '/places/me')),
  ]);
  for (const cookie of me?.cookies ?? []) reply.header('set-cookie', cookie);
  return sendPage(
    request,
    reply,
    context,
    me?.status === 200 ? (me.body as PlaceReply) : null,
    facts?.name ?? null,
    me === null ? 'unavailable' : codeOf(me),
  );
}

async function act(action: Action, request: FastifyRequest<RoomRoute>, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  const { room } = request.params;
  if (!parseRoomId(room).ok) return replyProblem(request, reply, 'not-found');
  const cookies: string[] = [];
  if (action === 'join') {
    const device = await ask(request, context, 'POST', `${context.upstreams.admission}${ADMISSION_PREFIX}/device`);
    cookies.push(...(device?.cookies ?? []));
  }
  const [method, path] = {
    join: ['POST', '/places'],
    return: ['POST', '/places/me/return'],
    leave: ['DELETE', '/places/me'],
    enter: ['POST', '/places/me/entry'],
  }[action] as ['POST' | 'DELETE', string];
  const answer = await ask(request, context, method, admission(context.upstreams, room, path), {}, cookies);
  cookies.push(...(answer?.cookies ?? []));
  const next = action === 'enter' && answer?.status === 200 ? await redeem(request, context, answer.body as EntryReply, cookies) : null;
  for (const cookie of cookies) reply.header('set-cookie', cookie);
  if (next !== null) return reply.redirect(next, 303);
  const refused =
    answer !== null && answer.status < 300 && action !== 'enter'
      ? ''
      : `&said=${answer === null || (action === 'enter' && answer.status < 300) ? 'unavailable' : (codeOf(answer) ?? 'internal')}`;
  return reply.redirect(`/rooms/${room}?plain=1${refused}`, 303);
}

/** The entry token goes straight on to booking; the fan's browser only ever holds the session cookie. */
async function redeem(request: FastifyRequest, context: PageContext, entry: EntryReply, cookies: string[]): Promise<string | null> {
  const show = entry.shows[0];
  const upstream = bookingUpstream(context.upstreams.booking, '/entry');
  const answer = await ask(request, context, 'POST', `${upstream}${BOOKING_PREFIX}/entry`, { entryToken: entry.entryToken }, cookies);
  if (answer === null || answer.status >= 300 || show === undefined) return null;
  cookies.push(...answer.cookies);
  return show.href.startsWith('/') && !show.href.startsWith('//') ? show.href : `/shows/${show.show}`;
}

const admission = (upstreams: Upstreams, room: string, path: string): string =>
  `${upstreams.admission}${ADMISSION_PREFIX}/rooms/${encodeURIComponent(room)}${path}`;

/** Asks an app as this fan. `fresh` are cookies that the same press has just been given; of two by one name the first counts. Null: the app is away. */
async function ask(
  request: FastifyRequest,
  context: PageContext,
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  body?: object,
  fresh: readonly string[] = [],
): Promise<Reached | null> {
  const headers: Record<string, string> = { ...forwarded(request.raw, context.edge), accept: 'application/json' };
  const cookie = [...fresh.map((line) => line.split(';', 1)[0]), request.headers.cookie].filter((part) => part !== undefined && part !== '').join('; ');
  if (cookie !== '') headers['cookie'] = cookie;
  if (request.headers.origin !== undefined) headers['origin'] = request.headers.origin;
  else headers['sec-fetch-site'] = String(request.headers['sec-fetch-site'] ?? 'same-origin');
  if (method === 'POST') headers['content-type'] = 'application/json';
  try {
    const reply = await fetch(url, {
      method,
      headers,
      body: method === 'POST' ? JSON.stringify(body ?? {}) : null,
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: 'error',
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? null : (JSON.parse(text) as unknown), cookies: reply.headers.getSetCookie() };
  } catch {
    return null;
  }
}

/** The refusal's code, null when there was none or when it only says that there is no place yet. */
function codeOf(answer: Reached): string | null {
  if (answer.status < 300) return null;
  const code = (answer.body as { code?: unknown } | null)?.code;
  if (code === 'no-receipt' || code === 'bad-receipt') return null;
  return typeof code === 'string' ? code : 'internal';
}

function sendPage(
  request: FastifyRequest<RoomRoute>,
  reply: FastifyReply,
  context: PageContext,
  me: PlaceReply | null,
  name: { readonly ko: string; readonly en: string } | null,
  code: string | null,
): Promise<FastifyReply> {
  const { said, ask: asked } = request.query as { said?: unknown; ask?: unknown };
  const seconds = me === null ? RENEW_SECONDS.usual : Math.min(RENEW_SECONDS.most, Math.max(RENEW_SECONDS.least, Math.ceil(me.pollAfterMs / 1_000)));
  const place: PlainPlace = {
    room: request.params.room,
    name,
    me,
    code: typeof said === 'string' ? said : code,
    renewSeconds: seconds,
    asked: asked === 'leave' ? 'leave' : null,
  };
  return context.sendHtml(request, reply, (language) => plainRoomPage(language, context.assetsOf('plain'), place));
}
