import type { TSchema } from 'typebox';
import * as admission from './admission.ts';
import * as booking from './booking.ts';
import * as ops from './ops.ts';
import { problems, type ProblemCode } from './problems.ts';
import { refusalsOf } from './refusals.ts';
import { API_PREFIX, routes, type Route } from './routes.ts';
import * as shapes from './shapes.ts';
import { ProblemMessage, socketRoutes, type SocketRoute } from './sockets.ts';

/** JSON as OpenAPI has it; a schema inside is JSON Schema 2020-12. */
export type Json = { readonly [member: string]: unknown };
export type ApiTexts = { readonly title: string; readonly description: string; readonly version: string };

/** The proofs of the contract, as OpenAPI names them. */
const PROOFS: Readonly<Record<string, Json>> = {
  receipt: { type: 'http', scheme: 'bearer', description: 'The receipt that joining answers with.' },
  device: { type: 'apiKey', in: 'cookie', name: admission.DEVICE_COOKIE, description: 'A browser: set by POST /device.' },
  session: { type: 'http', scheme: 'bearer', description: 'The session that POST /entry answers with.' },
  clientKey: { type: 'apiKey', in: 'header', name: booking.CLIENT_KEY_HEADER, description: 'The clientKey of the join, beside the session on every write.' },
  sessionCookie: { type: 'apiKey', in: 'cookie', name: booking.SESSION_COOKIE, description: 'A browser: set by POST /entry.' },
  orderKey: { type: 'apiKey', in: 'header', name: booking.ORDER_KEY_HEADER, description: 'The orderKey that making the order answers with.' },
  operator: { type: 'http', scheme: 'bearer', description: 'The token that signing in answers with.' },
};

const KEY_HEADER = {
  name: 'idempotency-key', in: 'header', required: true, schema: { type: 'string', pattern: shapes.IDEMPOTENCY_KEY_PATTERN },
  description: 'The same key and request: the same answer, made once. The same key with another request is refused.',
};
const MATCH_HEADER = {
  name: 'if-match', in: 'header', required: true, schema: { type: 'string' }, description: 'The ETag of the settings that you have seen.',
};
const STATUS_TEXT: Readonly<Record<number, string>> = { 200: 'Done', 201: 'Made', 202: 'Taken; not known yet', 204: 'Done' };

/**
 * OpenAPI 3.1 of one API, made of the contract alone: named schemas are the contract's exports, each operation lists its own refusals by
 * status, sockets stand under `x-sockets` with their messages.
 */
export function openApiOf(api: Route['api'], { title, description, version }: ApiTexts): Json {
  const used = new Map<string, TSchema>();
  const own = routes.filter((route) => route.api === api);
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of own) (paths[braced(route.path)] ??= {})[route.method.toLowerCase()] = operationOf(route, used);
  const sockets = socketRoutes.filter((socket) => socket.api === api).map((socket) => describeSocket(socket));
  const proofs = new Set(own.flatMap((route) => waysOf(route).flatMap(Object.keys)));
  return {
    openapi: '3.1.0',
    info: { title, description, version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: API_PREFIX[api] || '/' }],
    paths,
    components: { securitySchemes: pick(PROOFS, proofs), schemas: schemasOf(used) },
    ...(sockets.length === 0 ? {} : { 'x-sockets': sockets }),
  };
}

const braced = (path: string): string => path.replace(/:(\w+)/g, '{$1}');
const pick = (all: Readonly<Record<string, Json>>, names: ReadonlySet<string>): Json =>
  Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));

function operationOf(route: Route, used: Map<string, TSchema>): Json {
  const { id, summary, params, query, body, reply, idempotent = false, refuses = [] } = route;
  const parameters = [
    ...membersOf(params, 'path', used),
    ...membersOf(query, 'query', used),
    ...(idempotent ? [KEY_HEADER] : []),
    ...(refuses.includes('if-match-required') ? [MATCH_HEADER] : []),
  ];
  const statuses = route.statuses ?? [reply === undefined ? 204 : 200];
  const success = statuses.map((status) => [status, {
    description: STATUS_TEXT[status], ...(reply === undefined ? {} : { content: { 'application/json': { schema: refer(reply, used) } } }),
  }]);
  return {
    operationId: id,
    summary,
    security: waysOf(route),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: refer(body, used) } } } }),
    responses: Object.fromEntries([...success, ...refusalsByStatus(refusalsOf(route), used)]),
  };
}

function refusalsByStatus(codes: readonly ProblemCode[], used: Map<string, TSchema>): [string, Json][] {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) byStatus.set(problems[code].status, [...(byStatus.get(problems[code].status) ?? []), code]);
  return [...byStatus].sort(([one], [other]) => one - other).map(([status, same]) => {
    const schema = { allOf: [refer(shapes.ProblemReply, used), { type: 'object', properties: { code: { type: 'string', enum: same } } }] };
    return [String(status), { description: `Refused: ${same.join(', ')}`, content: { 'application/problem+json': { schema } } }];
  });
}

function membersOf(schema: TSchema | undefined, where: 'path' | 'query', used: Map<string, TSchema>): Json[] {
  const { properties = {}, required = [] } = (schema ?? {}) as { properties?: Record<string, TSchema>; required?: readonly string[] };
  return Object.entries(properties).map(([name, member]) => ({
    name, in: where, required: where === 'path' || required.includes(name), schema: refer(member, used),
  }));
}

/** Messages are written out: OpenAPI knows no sockets, so what only they use would count as unused among its schemas. */
function describeSocket({ path, id, summary, client, server }: SocketRoute): Json {
  return { id, path: braced(path), summary, client: write(client, undefined), server: write(server, undefined) };
}

/** Every export that is a schema has its name in the document. */
const NAMES: ReadonlyMap<unknown, string> = new Map(
  Object.entries({ ...shapes, ...admission, ...booking, ...ops, ProblemMessage })
    .filter(([, value]) => typeof value === 'object' && Object.hasOwn(value, '~kind'))
    .map(([name, value]) => [value, name]),
);

function schemasOf(used: Map<string, TSchema>): Json {
  const written: Record<string, unknown> = {};
  // A Map tells of what is added while it is walked: schemas that a written one names are written too.
  for (const [name, schema] of used) written[name] = write(schema, used);
  return Object.fromEntries(Object.entries(written).sort(([one], [other]) => (one < other ? -1 : 1)));
}

type Used = Map<string, TSchema> | undefined;

/** A named schema by its name, noted in `used`; without `used` everything is written where it stands. */
function refer(schema: unknown, used: Used): unknown {
  const name = used === undefined ? undefined : NAMES.get(schema);
  if (used === undefined || name === undefined) return write(schema, used);
  used.set(name, schema as TSchema);
  return { $ref: `#/components/schemas/${name}` };
}

/** One schema as JSON Schema 2020-12 has it: tuples by `prefixItems`, lists of words by `enum`. */
function write(schema: unknown, used: Used): unknown {
  if (Array.isArray(schema)) return schema.map((member) => refer(member, used));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { items, additionalItems, anyOf, ...rest } = schema as { items?: unknown; additionalItems?: unknown; anyOf?: readonly { const?: unknown }[] };
  const written = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, refer(value, used)]));
  if (anyOf !== undefined && anyOf.every((option) => typeof option.const === 'string')) {
    return { ...written, type: 'string', enum: anyOf.map((option) => option.const) };
  }
  if (anyOf !== undefined) written['anyOf'] = refer(anyOf, used);
  if (Array.isArray(items)) return { ...written, prefixItems: refer(items, used), ...(additionalItems === false ? { items: false } : {}) };
  return items === undefined ? written : { ...written, items: refer(items, used) };
}

type Ways = readonly { readonly [proof: string]: readonly [] }[];

/** Ways to prove what a route needs; any of them will do. */
function waysOf({ needs, method }: Route): Ways {
  switch (needs) {
    case 'identity':
      return [{}, { device: [] }];
    case 'receipt':
      return [{ receipt: [] }, { device: [] }];
    case 'session':
      return method === 'GET' ? [{ session: [] }, { sessionCookie: [] }] : [{ session: [], clientKey: [] }, { sessionCookie: [], device: [] }];
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
