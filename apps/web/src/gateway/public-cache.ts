import { ADMISSION_PREFIX, BOOKING_PREFIX, GATEWAY_MARGIN_MS, SHARED_BUDGET_MS } from '@onsale/contract';
import { parseRoomId, parseShowId } from '@onsale/kernel';
import { matchesETag, replyProblem } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { encodeBody, negotiate, plainBody, type Encoded } from './compression.ts';
import type { Asker } from './on-sale.ts';
import { bookingUpstream, RETRY_AFTER_MS, type Upstreams } from './proxy.ts';
import { forwarded, type Edge } from './sockets.ts';

/**
 * Answers that are the same for everybody are asked for once and kept for as long as their app allows (`public, max-age`):
 * a crowd that polls the frame costs admission one question a second, and the layout of a hall is compressed once, not for
 * each fan who enters. Whatever the app does not call public is passed on and forgotten.
 *
 * One answer has one address, whatever way it was asked for: it is made anew from what the router understood (the route, and names that are
 * names), so that `%73hows`, a query or a name that cannot be cost no question, no compression and no place here.
 */
const ROUTES: readonly { readonly url: string; readonly addressOf: (params: Params) => string | null }[] = [
  { url: `${ADMISSION_PREFIX}/rooms/:room`, addressOf: ({ room }) => (isRoom(room) ? `${ADMISSION_PREFIX}/rooms/${room}` : null) },
  { url: `${ADMISSION_PREFIX}/rooms/:room/frame`, addressOf: ({ room }) => (isRoom(room) ? `${ADMISSION_PREFIX}/rooms/${room}/frame` : null) },
  { url: `${ADMISSION_PREFIX}/.well-known/jwks.json`, addressOf: () => `${ADMISSION_PREFIX}/.well-known/jwks.json` },
  { url: `${BOOKING_PREFIX}/shows/:show/layout`, addressOf: ({ show }) => (isShow(show) ? `${BOOKING_PREFIX}/shows/${show}/layout` : null) },
];
type Params = { readonly room?: string; readonly show?: string };
const isRoom = (text: string | undefined): boolean => text !== undefined && parseRoomId(text).ok;
const isShow = (text: string | undefined): boolean => text !== undefined && parseShowId(text).ok;
const KEPT_HEADERS = ['content-type', 'cache-control', 'etag', 'retry-after', 'content-language'] as const;
const ANSWER_MS = SHARED_BUDGET_MS + GATEWAY_MARGIN_MS;
const BROTLI_QUALITY = 5;
/** Addresses come from strangers: only so many answers are kept, the oldest goes first. */
const ANSWERS_MAX = 512;

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Encoded;
  readonly at: number;
  readonly freshMs: number;
};

export function cachePublicAnswers(app: FastifyInstance, upstreams: Upstreams, edge: Edge, now: () => number): void {
  const kept = new Map<string, { answer: Promise<Answer | null>; fresh: (at: number) => boolean }>();
  const answerOf = async (path: string, asker: Asker): Promise<Answer | null> => {
    const known = kept.get(path);
    if (known?.fresh(now()) === true) {
      // That somebody else has had their share is no answer to this one.
      const shared = await known.answer;
      return shared?.status === 429 ? ask(path, asker, upstreams, now) : shared;
    }
    kept.delete(path);
    if (kept.size >= ANSWERS_MAX) kept.delete(kept.keys().next().value as string);
    const entry = { answer: ask(path, asker, upstreams, now), fresh: (_at: number): boolean => true };
    kept.set(path, entry);
    void entry.answer.then((answer) => {
      entry.fresh = (at) => answer !== null && at - answer.at < answer.freshMs;
      // What nobody may keep takes no place: addresses made up by strangers would drive the layouts out.
      if ((answer?.freshMs ?? 0) === 0 && kept.get(path) === entry) kept.delete(path);
    });
    return entry.answer;
  };
  // The app behind sheds and refuses by itself; here a request costs a look into a map.
  const config = { importance: 'money', budgetMs: ANSWER_MS } as const;
  for (const { url, addressOf } of ROUTES) {
    app.get<{ Params: Params }>(url, { config }, async (request, reply) => {
      const path = addressOf(request.params);
      if (path === null) return replyProblem(request, reply, 'not-found');
      return send(request, reply, await answerOf(path, forwarded(request.raw, edge)), now());
    });
  }
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer | null, at: number): FastifyReply {
  if (answer === null) return replyProblem(request, reply, 'unavailable', { retryAfterMs: RETRY_AFTER_MS });
  const age = Math.floor((at - answer.at) / 1_000);
  reply.code(answer.status).headers({ ...answer.headers, vary: 'Accept-Encoding', ...(age > 0 ? { age: String(age) } : {}) });
  const etag = answer.headers['etag'];
  if (etag !== undefined && matchesETag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  const { encoding, body } = negotiate(answer.body, request.headers['accept-encoding']);
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.send(body);
}

async function ask(path: string, asker: Asker, upstreams: Upstreams, now: () => number): Promise<Answer | null> {
  const upstream = path.startsWith(`${BOOKING_PREFIX}/`) ? bookingUpstream(upstreams.booking, path) : upstreams.admission;
  try {
    const reply = await fetch(upstream + path, { headers: asker, signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
    const text = Buffer.from(await reply.arrayBuffer());
    const headers = Object.fromEntries(KEPT_HEADERS.flatMap((name) => (reply.headers.has(name) ? [[name, reply.headers.get(name) as string]] : [])));
    const seconds = reply.status === 200 ? Number(/\bpublic\b.*\bmax-age=(\d{1,6})\b/.exec(headers['cache-control'] ?? '')?.[1] ?? 0) : 0;
    const at = now();
    // What is sent once is not worth the work.
    const body = seconds > 0 ? await encodeBody(text, BROTLI_QUALITY) : plainBody(text);
    return { status: reply.status, headers, body, at, freshMs: seconds * 1_000 };
  } catch {
    return null;
  }
}
