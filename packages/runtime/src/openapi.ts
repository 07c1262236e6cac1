import { API_PREFIX, CLIENT_KEY_HEADER, DEVICE_COOKIE, ORDER_KEY_HEADER, problems, ProblemReply, routes, SESSION_COOKIE, type Route } from '@onsale/contract';
import type { FastifyInstance } from 'fastify';

/** What `/docs/json` says about the API beyond its routes. `prefix` is put before `/docs/json`. */
export type ApiDescription = { readonly title: string; readonly description: string; readonly version: string; readonly prefix?: string };

/** The proofs of the contract, as OpenAPI names them. */
const PROOFS = {
  receipt: { type: 'http', scheme: 'bearer', description: 'The receipt that joining answers with.' },
  device: { type: 'apiKey', in: 'cookie', name: DEVICE_COOKIE, description: 'A browser: set by POST /device.' },
  session: { type: 'http', scheme: 'bearer', description: 'The session that POST /entry answers with.' },
  clientKey: { type: 'apiKey', in: 'header', name: CLIENT_KEY_HEADER, description: 'The clientKey of the join, beside the session on every write.' },
  sessionCookie: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'A browser: set by POST /entry.' },
  orderKey: { type: 'apiKey', in: 'header', name: ORDER_KEY_HEADER, description: 'The orderKey that making the order answers with.' },
  operator: { type: 'http', scheme: 'bearer', description: 'The token that signing in answers with.' },
} as const;
type Ways = readonly { readonly [proof in keyof typeof PROOFS]?: readonly [] }[];

const IDEMPOTENCY = {
  type: 'object',
  required: ['idempotency-key'],
  properties: { 'idempotency-key': { type: 'string', description: '8 to 64 of A–Z a–z 0–9 _ -; the same key and request: the same answer, made once.' } },
} as const;

const CODES = `Refused; code is one of ${Object.keys(problems).join(', ')}`;

/** OpenAPI 3.1 from the schemas of the routes registered after this and the contract's list. Loaded only where it is served: it costs 40 ms at the start. */
export async function serveOpenApi(app: FastifyInstance, { title, description, version, prefix = '' }: ApiDescription): Promise<void> {
  const { default: swagger } = await import('@fastify/swagger');
  const used = new Set(routes.filter(({ api }) => API_PREFIX[api] === prefix).flatMap((route) => waysOf(route).flatMap(Object.keys)));
  const securitySchemes = Object.fromEntries(Object.entries(PROOFS).filter(([name]) => used.has(name)));
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title, description, version }, components: { securitySchemes } },
    transform: ({ schema, url, route }) => {
      const listed = routes.find(({ api, method, path }) => `${API_PREFIX[api]}${path}` === url && [route.method].flat().includes(method));
      return { url, schema: listed === undefined ? schema : { ...schema, ...describe(listed, schema?.response) } };
    },
  });
  let text: string | undefined;
  app.get(`${prefix}/docs/json`, { config: { importance: 'read' }, schema: { hide: true } as object }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger());
    return reply.type('application/json; charset=utf-8').header('cache-control', 'public, max-age=300').send(text);
  });
}

/** For the document only: nothing of this checks a request or shapes a reply. */
function describe(route: Route, response: unknown): object {
  const { summary, idempotent, reply, method } = route;
  const nothing = method === 'DELETE' ? { 204: { description: 'Done', type: 'null' } } : { '2xx': { description: 'Done' } };
  const success = reply === undefined ? nothing : { '2xx': { description: 'Done', ...reply } };
  const refusal = { description: CODES, content: { 'application/problem+json': { schema: ProblemReply } } };
  return {
    summary,
    security: waysOf(route),
    ...(idempotent === true ? { headers: IDEMPOTENCY } : {}),
    response: { ...(response ?? success), default: refusal },
  };
}

/** Ways to prove what a route needs; any of them will do. */
function waysOf({ needs, method }: Route): Ways {
  const isWrite = method !== 'GET';
  switch (needs) {
    case 'identity':
      return [{}, { device: [] }];
    case 'receipt':
      return [{ receipt: [] }, { device: [] }];
    case 'session':
      return isWrite ? [{ session: [], clientKey: [] }, { sessionCookie: [], device: [] }] : [{ session: [] }, { sessionCookie: [] }];
    case 'holder':
      return [{ device: [] }, { clientKey: [] }];
    case 'order-key':
      return [{ orderKey: [] }, { device: [] }, { clientKey: [] }];
    case 'operator':
      return [{ operator: [] }];
    default:
      return [];
  }
}
