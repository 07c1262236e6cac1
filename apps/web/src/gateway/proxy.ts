import proxy from '@fastify/http-proxy';
import { ADMISSION_PREFIX, BODY_BYTES_MAX, BOOKING_PREFIX } from '@onsale/contract';
import { replyProblem, seldom, type Logger } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HOP_BY_HOP, staysInside } from './end-to-end.ts';
import { forwarded, type Edge, type SocketRoute } from './sockets.ts';

export type Upstreams = {
  readonly admission: string;
  /** Booking processes; a show always goes to the same one, so that its memory of the seats is the freshest. */
  readonly booking: readonly string[];
};
/** Connections per app process, and how long an answer may take; the apps shed before that. */
const CONNECTIONS_MAX = 256;
const ANSWER_MS = 15_000;
export const RETRY_AFTER_MS = 2_000;

export async function proxyApis(app: FastifyInstance, upstreams: Upstreams, edge: Edge, logger: Logger): Promise<void> {
  const sendUnavailable = unavailable(logger);
  const shared = {
    proxyPayloads: true,
    // A request is never repeated here: whether it may be is known to the client, by its Idempotency-Key.
    retryMethods: [],
    undici: {
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
      connectTimeout: 2_000,
    },
    preHandler: refuseWhatLeadsNowhere,
    // The apps check the origin of a write and shed by its worth themselves; here only what is past all bounds is refused.
    config: { importance: 'money', originCheck: false },
  };
  const replyOptions = {
    rewriteRequestHeaders: (request: FastifyRequest, headers: Record<string, unknown>) => ({
      ...headers,
      ...NOT_FORWARDED,
      ...forwarded(request.raw, edge),
    }),
    onError: (reply: FastifyReply, failure: { error: Error }) => sendUnavailable(reply, failure.error),
  };
  await app.register(
    proxy as never,
    { ...shared, upstream: upstreams.admission, prefix: ADMISSION_PREFIX, rewritePrefix: ADMISSION_PREFIX, replyOptions } as never,
  );
  await app.register(
    proxy as never,
    {
      ...shared,
      upstream: '',
      prefix: BOOKING_PREFIX,
      rewritePrefix: BOOKING_PREFIX,
      replyOptions: { ...replyOptions, getUpstream: (request: FastifyRequest) => bookingUpstream(upstreams.booking, request.url) },
    } as never,
  );
}

/** `undefined` takes a header out of what the plugin would send. */
const NOT_FORWARDED = Object.fromEntries(['forwarded', ...HOP_BY_HOP].map((name) => [name, undefined]));

/**
 * A path that climbs out of its API is nobody's address (the plugin would call it our own failure). What says that it is too large is not
 * passed on; a body without a length is measured by the app.
 */
function refuseWhatLeadsNowhere(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (!staysInside(request.url)) return void replyProblem(request, reply, 'not-found');
  if (Number(request.headers['content-length'] ?? 0) <= BODY_BYTES_MAX) return done();
  void reply.header('connection', 'close');
  replyProblem(request, reply, 'too-large');
}

/** A crowd that meets an app which is away is one line in a while. */
function unavailable(logger: Logger): (reply: FastifyReply, error: Error) => void {
  const tell = seldom(() => performance.now(), (reply: FastifyReply, error: Error) => {
    const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
    logger.warn({ code: cause?.code ?? code, route: reply.request.routeOptions.url }, 'app behind the gateway did not answer');
  });
  return (reply, error) => {
    tell(reply, error);
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
