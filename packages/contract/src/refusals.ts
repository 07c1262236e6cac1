import type { ProblemCode } from './problems.ts';
import { API_PREFIX, routes, type Need, type Route } from './routes.ts';

/** What any request may meet. */
const ALWAYS: readonly ProblemCode[] = ['overloaded', 'unavailable', 'internal', 'bad-request'];
/** A write is read whole, and only from our own pages. */
const WRITE: readonly ProblemCode[] = ['origin-refused', 'too-large', 'unsupported-media-type'];
const IDEMPOTENT: readonly ProblemCode[] = ['idempotency-key-missing', 'key-reused'];
const BY_NEED: Readonly<Record<Need, readonly ProblemCode[]>> = {
  nothing: [],
  identity: ['no-identity'],
  receipt: ['no-receipt', 'bad-receipt', 'full'],
  'entry-token': ['no-identity', 'token-invalid', 'token-foreign', 'token-expired', 'token-used', 'holder-mismatch'],
  session: ['no-session', 'session-ended', 'holder-mismatch'],
  holder: ['no-identity', 'rate-limited'],
  'order-key': ['rate-limited'],
  operator: ['not-signed-in', 'forbidden'],
  internal: ['forbidden'],
};
/** A session is checked against the show it is used for; a write needs the proof of its holder. */
const SESSION_OF_SHOW: readonly ProblemCode[] = ['token-foreign'];
const SESSION_WRITE: readonly ProblemCode[] = ['no-identity'];
/** Every route of the waiting room: its data may be away, or gone with the room. */
const OF_ROOM: readonly ProblemCode[] = ['recovering', 'room-not-open'];

/**
 * Every refusal that a route may answer with: those that follow from its proof and its shape, and its own. Checked outside production: a
 * refusal that is not among them is a bug and becomes a 500 (`replyProblem` of runtime).
 */
export function refusalsOf(route: Route): readonly ProblemCode[] {
  const { api, method, path, needs, params, idempotent = false, refuses = [] } = route;
  const isWrite = method !== 'GET';
  return [...new Set([
    ...ALWAYS,
    ...(isWrite ? WRITE : []),
    ...(params === undefined ? [] : ['not-found' as const]),
    ...(idempotent ? IDEMPOTENT : []),
    ...BY_NEED[needs],
    ...(needs === 'session' && isWrite ? SESSION_WRITE : []),
    ...(needs === 'session' && !path.startsWith('/entry') ? SESSION_OF_SHOW : []),
    ...(api === 'admission' && path.startsWith('/rooms/') ? OF_ROOM : []),
    ...refuses,
  ])];
}

/** The refusals of the route that an app serves under `url`, its pattern with the prefix; undefined: not on the wire. */
export const refusalsAt = (method: string, url: string): ReadonlySet<ProblemCode> | undefined => BY_ROUTE.get(`${method} ${url}`);

const BY_ROUTE: ReadonlyMap<string, ReadonlySet<ProblemCode>> = new Map(
  routes.map((route) => [`${route.method} ${API_PREFIX[route.api]}${route.path}`, new Set(refusalsOf(route))]),
);
