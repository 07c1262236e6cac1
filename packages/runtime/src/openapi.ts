import type { FastifyInstance } from 'fastify';

/** What `/docs/json` says about the API beyond its routes. `prefix` is put before `/docs/json`. */
export type ApiDescription = { readonly title: string; readonly description: string; readonly version: string; readonly prefix?: string };

/** OpenAPI 3.1 from the schemas of the routes registered after this. Loaded only where it is served: it costs 40 ms at the start. */
export async function serveOpenApi(app: FastifyInstance, { title, description, version, prefix = '' }: ApiDescription): Promise<void> {
  const { default: swagger } = await import('@fastify/swagger');
  await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title, description, version } } });
  let text: string | undefined;
  app.get(`${prefix}/docs/json`, { config: { importance: 'read' }, schema: { hide: true } as object }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger());
    return reply.type('application/json; charset=utf-8').header('cache-control', 'public, max-age=300').send(text);
  });
}
