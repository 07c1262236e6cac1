import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { DAY_MS } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import type { FastifyReply } from 'fastify';

/** Nothing inline runs and nothing comes from elsewhere: an operator's token lives in this page's memory. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "connect-src 'self'",
    "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};
/** Names of assets carry a hash of what is inside; the icon's does not. */
const ASSET_MAX_AGE_MS = 365 * DAY_MS;
const ASSET = /^\w[\w.-]{0,99}$/;
/** The console, and what the `type` of a problem of this origin leads to. */
const DOCUMENTS = [['/', 'index.html'], ['/problems', 'problems.html']] as const;
const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Onsale · operations</title></head>
<body><h1>The console has not been built</h1>
<p>The API of this server works. The pages are built when the gateway starts, or by <code>node apps/web/src/build.ts</code>; then reload.</p></body></html>
`;

/** The console's pages, looked for at every request: the gateway may build them after this server has started. */
export async function serveConsole(server: OnsaleServer, folder: string): Promise<void> {
  await server.register(fastifyStatic, { serve: false, root: folder, suppressWarning: true });
  const hide = { config: { importance: 'read' } as const, exposeHeadRoute: true };
  for (const [path, file] of DOCUMENTS)
    server.get(path, hide, (_request, reply) => {
      reply.headers(HEADERS);
      if (existsSync(join(folder, file))) return reply.sendFile(file, folder, { cacheControl: false });
      return reply.code(503).header('retry-after', '5').type('text/html; charset=utf-8').send(NOT_BUILT);
    });
  server.get<{ Params: { name: string } }>('/assets/:name', hide, (request, reply) => {
    const { name } = request.params;
    if (!ASSET.test(name) || !existsSync(join(folder, 'assets', name))) return reply.callNotFound();
    return secured(reply).sendFile(join('assets', name), folder, { maxAge: ASSET_MAX_AGE_MS, immutable: true });
  });
  server.get('/favicon.svg', hide, (_request, reply) => {
    if (!existsSync(join(folder, 'favicon.svg'))) return reply.callNotFound();
    return secured(reply).sendFile('favicon.svg', folder, { maxAge: DAY_MS });
  });
}

/** Nothing here is a secret: the caching that the server's shell forbids is allowed again. */
const secured = (reply: FastifyReply): FastifyReply => reply.headers(HEADERS).removeHeader('cache-control');
