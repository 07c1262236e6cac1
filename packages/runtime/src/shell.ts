import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions, type RawServerDefault, type RouteOptions,
} from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { BODY_BYTES_MAX, BUDGET_MS, budgetMsOf, problem, refusalsAt, type ProblemCode } from '@onsale/contract';
import { sourceOf, type Source } from '@onsale/kernel';
import { boundConnections, connectionLimits, isPastBound, type ConnectionLimits } from './connections.ts';
import { descriptorLimit } from './descriptors.ts';
import { followRequests, type InFlight } from './in-flight.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { isWrite, originAllowed } from './origin.ts';
import { problemOfError, type TranslateError } from './problem-of-error.ts';
import { PROBLEM_TYPE, replyProblem, secure } from './problem-reply.ts';
import { refuseQuickly } from './quick-refusal.ts';
import { SHED_LIMITS, watchPressure, type Importance, type Pressure, type ShedLimits } from './shedding.ts';
import { addressOf, NO_PROXIES, trustOf, type Trust, type TrustedProxies } from './trusted-proxies.ts';
import { serializerCompilerOf, validatorCompiler } from './validation.ts';

type TypedInstance = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;
/** A listener with the routes that are registered on it. */
export type Listener = TypedInstance;
export type Shell = { readonly app: Listener; readonly pressure: Pressure; readonly connections: { readonly open: () => number } };

declare module 'fastify' {
  interface FastifyContextConfig {
    /** When the route is shed under load; `normal` if not said. */
    importance?: Importance;
    /**
     * Whether there is room for what the route starts; if not it is shed before anything is read or checked. `turnMs`: for how long this turn of
     * the event loop has been reading requests already.
     */
    hasRoom?: (turnMs: number) => boolean;
    /** Refusals that the contract declares for the route; set by the shell outside production, where any other is a bug. */
    refusals?: ReadonlySet<ProblemCode> | undefined;
    /** False: writes from any origin (webhooks of providers, which carry no cookies). */
    originCheck?: boolean;
    /** How long this server may take, where it is not the app that the contract's budget speaks of. */
    budgetMs?: number;
  }
  interface FastifyRequest {
    /** Whom limits count this request against: the client behind the proxies we trust. */
    readonly source: Source;
  }
}

export type ShellOptions = {
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Browser origins whose writes are accepted. */
  readonly publicOrigins: readonly string[];
  readonly translateError?: TranslateError;
  /** Whose word about the client's address is believed; left out: nobody's. */
  readonly trustedProxies?: TrustedProxies;
  readonly checkReplies?: boolean;
  /** HEAD beside every GET: for pages, whose links are previewed and watched by it; no program needs it of an API. */
  readonly headRoutes?: boolean;
  readonly shed?: ShedLimits;
  /** Left out: as many as the limit of open files allows. */
  readonly connections?: ConnectionLimits;
  /** Time budget of routes that the contract gives none; then 503. */
  readonly budgetMs?: number;
};

/** A whole request must have arrived in this time; headers within half of it. Looked at this often: Node's own 30 s would be the limit then. */
const REQUEST_MS = 10_000;
const LOOK_EVERY_MS = 1_000;
const KEEP_ALIVE_MS = 72_000;
const HEADER_BYTES_MAX = 16_384;
const PATH_PARAMETER_LENGTH_MAX = 100;
/** For who is refused a connection. */
const RETRY_AFTER_MS = 5_000;

/**
 * The shell of every listener in the house: TypeBox validation, problem replies, shedding, origin check, security headers. Register routes after
 * it is made. Stays within a few per cent of bare Fastify: hooks are synchronous, what depends on the route is decided when the route is
 * registered, and no line is logged for an ordinary request.
 */
export function buildShell(options: ShellOptions): Shell {
  const { checkReplies = false } = options;
  const answerError = errorAnswers(options);
  const trust = trustOf(options.trustedProxies ?? NO_PROXIES);
  const app: FastifyInstance = Fastify({
    bodyLimit: BODY_BYTES_MAX, requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS, exposeHeadRoutes: options.headRoutes ?? false,
    clientErrorHandler: replyToBrokenRequest,
    forceCloseConnections: 'idle', return503OnClosing: true, trustProxy: trust,
    http: { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: REQUEST_MS / 2, connectionsCheckingInterval: LOOK_EVERY_MS, shouldUpgradeCallback: isForSocket },
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => answerError(error, request, reply),
  } as FastifyServerOptions);
  function isForSocket({ headers }: IncomingMessage): boolean {
    return app.server.listenerCount('upgrade') > 0 && headers.upgrade?.toLowerCase() === 'websocket';
  }
  nameSource(app, trust);
  const connections = boundConnections(app.server, options.connections ?? connectionLimits(descriptorLimit()), trust);
  app.addHook('onRequest', refusePastBound);
  const pressure = watchPressure(options.shed ?? SHED_LIMITS);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompilerOf({ checkReplies }));
  // Everything that is sent here is JSON, and what has a body says so.
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => replyProblem(request, reply, 'not-found'));
  const inFlight = followRequests(pressure);
  app.addHook('onRoute', hooksByRoute(options, pressure, inFlight));
  app.addHook('onClose', async () => { pressure.stop(); inFlight.stop(); });
  return { app: app.withTypeProvider<TypeBoxTypeProvider>(), pressure, connections };
}

function refusePastBound(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (!isPastBound(request.raw.socket)) return done();
  void reply.header('connection', 'close');
  replyProblem(request, reply, 'overloaded', { retryAfterMs: RETRY_AFTER_MS });
}

/** Worked out only for who asks, which most requests do not. */
function nameSource(app: FastifyInstance, trust: Trust): void {
  app.decorateRequest('source', {
    getter(this: FastifyRequest) {
      return sourceOf(addressOf(this.raw, trust));
    },
  } as never);
}

/** Refusals are told, bugs are logged under an id that the reply names. */
function errorAnswers({ logger, translateError }: ShellOptions) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = problemOfError(error, translateError);
    if (refusal !== undefined) {
      replyProblem(request, reply, refusal.code, refusal.extras);
      return;
    }
    if (isBrokenOff(error, reply)) return void replyProblem(request, reply, 'bad-request');
    const incident = randomUUID();
    logger.error({ err: error, incident, method: request.method, route: routeOf(request) }, 'a request failed on our side');
    replyProblem(request, reply, 'internal', { incident });
  };
}

/** A client that leaves in the middle of an answer ends the stream that it was made of: nobody's fault, and nobody hears of it. */
const BROKEN_OFF: ReadonlySet<string | undefined> = new Set(['ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE', 'UND_ERR_ABORTED']);
const isBrokenOff = ({ code }: Error & { code?: string }, reply: FastifyReply): boolean => reply.raw.destroyed && BROKEN_OFF.has(code);

/** What a route needs is decided once, when it is registered. */
function hooksByRoute({ publicOrigins, metrics, budgetMs: usualMs = BUDGET_MS, checkReplies = false }: ShellOptions, pressure: Pressure, inFlight: InFlight) {
  const allowed = new Set(publicOrigins);
  return (route: RouteOptions & { websocket?: boolean }): void => {
    const methods = [route.method].flat();
    const { importance = 'normal', hasRoom } = route.config ?? {};
    // A socket lives for hours: it is no request in flight, and cookies come with it from any page, so its origin counts like a write's.
    const isSocket = route.websocket === true;
    const checksOrigin = (isSocket || methods.some(isWrite)) && route.config?.originCheck !== false;
    const budgetMs = route.config?.budgetMs ?? budgetMsOf(String(methods[0]), route.url) ?? usualMs;
    if (checkReplies) route.config = { ...route.config, refusals: refusalsAt(String(methods[0]), route.url) };
    const series = metrics.routeTimes.series(methods.join(','), route.url);
    const first = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      const isShed = pressure.isPast(importance) || hasRoom?.(pressure.turnMs()) === false;
      if (isShed && !isSocket) {
        series.add(503, 0);
        return refuseQuickly(request, reply);
      }
      if (!isSocket) inFlight.begin(request, reply, series, budgetMs);
      secure(reply);
      if (isShed) replyProblem(request, reply, 'overloaded');
      else if (checksOrigin && !originAllowed(request.headers, allowed)) replyProblem(request, reply, 'origin-refused');
      else done();
    };
    route.onRequest = [first, ...[route.onRequest ?? []].flat()];
  };
}

const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'unknown';

const BROKEN: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** What could not even be parsed as HTTP. */
function replyToBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = BROKEN[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({ ...problem('bad-request'), status: Number(status.slice(0, 3)) });
  const head = `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nContent-Type: ${PROBLEM_TYPE}\r\nConnection: close`;
  if (socket.writable) socket.write(`${head}\r\n\r\n${body}`);
  socket.destroy();
}
