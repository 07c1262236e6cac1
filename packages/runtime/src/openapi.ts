import { API_PREFIX, openApiOf, type ApiTexts, type Route } from '@onsale/contract';
import type { FastifyInstance } from 'fastify';

/** Which API of the contract a server serves, and what its document says beyond the routes. */
export type ApiDescription = ApiTexts & { readonly api: Route['api'] };

/** OpenAPI 3.1 of the contract at `<prefix>/docs/json`. Written at the first request: it costs 10 ms. */
export function serveOpenApi(app: FastifyInstance, { api, ...texts }: ApiDescription): void {
  let text: string | undefined;
  app.get(`${API_PREFIX[api]}/docs/json`, { config: { importance: 'read' } }, async (_request, reply) => {
    text ??= JSON.stringify(openApiOf(api, texts));
    return reply.type('application/json; charset=utf-8').header('cache-control', 'public, max-age=300').send(text);
  });
}
