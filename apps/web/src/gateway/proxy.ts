import type { IncomingHttpHeaders } from 'node:http';
import replyFrom from '@fastify/reply-from';
import { ADMISSION_PREFIX, API_PREFIX, BOOKING_PREFIX, BUDGET_MS, GATEWAY_MARGIN_MS, routes } from '@onsale/contract';
import { replyProblem, seldom, type Logger } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { endToEnd, staysInside } from './end-to-end.ts';
import { forwarded, type Edge, type SocketRoute } from './sockets.ts';

export type Upstreams = {
  readonly admission: string;
  /** Booking processes; a show always goes to the same one, so that its memory of the seats is the freshest. */
  readonly booking: readonly string[];
};
/** Connections per app process. */
export const CONNECTIONS_MAX = 256;
export const RETRY_AFTER_MS = 2_000;
const METHODS: HTTPMethods[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
const NOTHING = Buffer.alloc(0);

/**
 * Passes the APIs on to the apps.
 *
 *   head ─► path stays inside? ─► body, whole and ≤ 16 KiB ─► connection to the app ─► answer as it comes
 *
 * Nothing of the app is taken before the whole request is here: a client that sends slowly costs the gateway a buffer and the app nothing.
 * The apps check the origin of a write and shed by its worth themselves; here only what is past all bounds is refused.
 */
export async function proxyApis(app: FastifyInstance, upstreams: Upstreams, edge: Edge, logger: Logger): Promise<void> {
  const sendFailure = failures(logger);
  await app.register(async (scope) => {
    await scope.register(replyFrom, {
      // A request is never repeated here: whether it may be is known to the client, by its Idempotency-Key.
      retryMethods: [],
      disableRequestLogging: true,
      undici: { connections: CONNECTIONS_MAX, pipelining: 1, keepAliveTimeout: 30_000, connectTimeout: 2_000 } as never,
    });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    for (const { methods, url, budgetMs, importance } of proxied()) {
      const options = {
        timeout: budgetMs,
        getUpstream: ({ url: path }: FastifyRequest) =>
          path.startsWith(ADMISSION_PREFIX) ? upstreams.admission : bookingUpstream(upstreams.booking, path),
        rewriteRequestHeaders: (request: FastifyRequest, headers: IncomingHttpHeaders) =>
          ({ ...endToEnd(headers), forwarded: undefined, ...forwarded(request.raw, edge) }),
        rewriteHeaders: (headers: IncomingHttpHeaders) => endToEnd(headers),
        onResponse: sendAnswer,
        onError: (reply: FastifyReply, { error }: { error: Error }) => sendFailure(reply, error),
      };
      scope.route({
        method: [...methods], url, onRequest: refuseWhatLeadsNowhere, config: { importance, originCheck: false, budgetMs },
        handler: (request, reply) => reply.from('', { ...options, ...bodyOf(request) } as never),
      });
    }
  });
}

type Proxied = { readonly methods: readonly HTTPMethods[]; readonly url: string; readonly budgetMs: number; readonly importance: 'carried' | 'money' };
/** Everything below the APIs' prefixes, and by themselves the routes that have a budget of their own: those that move money. */
export function proxied(): Proxied[] {
  const prefixes = [ADMISSION_PREFIX, BOOKING_PREFIX];
  const own = routes.filter(({ api, method, budgetMs }) => budgetMs !== undefined && method !== 'GET' && prefixes.includes(API_PREFIX[api]));
  return [
    ...prefixes.flatMap((prefix) => [prefix, `${prefix}/*`]).map((url) => ({
      methods: METHODS, url, budgetMs: BUDGET_MS + GATEWAY_MARGIN_MS, importance: 'carried' as const,
    })),
    ...own.map(({ api, method, path, budgetMs = BUDGET_MS }) => ({
      methods: [method], url: API_PREFIX[api] + path, budgetMs: budgetMs + GATEWAY_MARGIN_MS, importance: 'money' as const,
    })),
  ];
}

/** The body byte by byte, under the type it came with, also when it is empty; the app says what is wrong with it. */
function bodyOf({ body, headers, method }: FastifyRequest): { readonly body?: unknown; readonly contentType?: string } {
  const contentType = headers['content-type'];
  const hasNone = method === 'GET' || method === 'HEAD';
  return contentType === undefined || hasNone ? {} : { body: body ?? NOTHING, contentType };
}

/** A path that climbs out of its API is nobody's address. */
function refuseWhatLeadsNowhere(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (staysInside(request.url)) done();
  else replyProblem(request, reply, 'not-found');
}

/** An answer that comes after we have given up is read by nobody: left alone it would keep its connection. */
function sendAnswer(_request: FastifyRequest, reply: FastifyReply, { stream }: { stream: NodeJS.ReadableStream & { destroy(): void } }): void {
  if (reply.sent) stream.destroy();
  else void reply.send(stream);
}

/** What the client of the apps refuses to send, because it cannot be said in HTTP. */
const UNSENDABLE: ReadonlySet<string> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH']);

/** A crowd that meets an app which is away is one line in a while. */
function failures(logger: Logger): (reply: FastifyReply, error: Error) => void {
  const tell = seldom(() => performance.now(), (reply: FastifyReply, code: string | undefined) => {
    logger.warn({ code, route: reply.request.routeOptions.url }, 'app behind the gateway did not answer');
  });
  return (reply, error) => {
    const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
    const why = cause?.code ?? code;
    if (why !== undefined && UNSENDABLE.has(why)) return void replyProblem(reply.request, reply, 'bad-request');
    tell(reply, why);
    replyProblem(reply.request, reply, 'unavailable', { retryAfterMs: RETRY_AFTER_MS });
  };
}

export function socketRoutes(upstreams: Upstreams): readonly SocketRoute[] {
  return [
    { prefix: `${ADMISSION_PREFIX}/`, upstream: () => upstreams.admission },
    { prefix: `${BOOKING_PREFIX}/`, upstream: (path) => bookingUpstream(upstreams.booking, path) },
  ];
}

const SHOW = /\/shows\/([a-z0-9-]{1,48})(?:[/?]|$)/;

/** The booking process of the show named in `path`; what names no show goes to the first, which any of them could answer. */
export function bookingUpstream(upstreams: readonly string[], path: string): string {
  const show = SHOW.exec(path)?.[1];
  const index = show === undefined ? 0 : hash(show) % upstreams.length;
  const upstream = upstreams[index];
  if (upstream === undefined) throw new Error('no booking process is configured');
  return upstream;
}

/** FNV-1a, 32 bits: the same show hashes to the same process in every gateway. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}
