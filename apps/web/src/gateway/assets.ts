import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { negotiate, type Encoded } from './compression.ts';

/** What one page loads: written by the build, read once at start. */
export type PageAssets = {
  readonly script: string;
  readonly styles: readonly string[];
  readonly preload: readonly string[];
  /** Of a page with a plain twin: the script that sends a browser below the target there. */
  readonly gate?: string;
};
export type Manifest = { readonly [page: string]: PageAssets };
export const ASSET_PREFIX = '/assets/';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
}

/** Serves the built files from memory (they are few and small) with their precompressed twins; names carry a hash. */
export function serveAssets(app: FastifyInstance, folder: string): void {
  const files = new Map<string, { readonly type: string; readonly encoded: Encoded }>();
  for (const name of readdirSync(join(folder, 'assets'))) {
    const type = CONTENT_TYPES[extname(name)];
    if (type === undefined) continue;
    const path = join(folder, 'assets', name);
    const twin = (suffix: string): Buffer | null => (existsSync(path + suffix) ? readFileSync(path + suffix) : null);
    files.set(name, { type, encoded: { identity: readFileSync(path), br: twin('.br'), gzip: twin('.gz') } });
  }
  app.get<{ Params: { name: string } }>(`${ASSET_PREFIX}:name`, (request, reply) => {
    const file = files.get(request.params.name);
    if (file === undefined) return reply.callNotFound();
    const { encoding, body } = negotiate(file.encoded, request.headers['accept-encoding']);
    if (encoding !== 'identity') reply.header('content-encoding', encoding);
    return reply.header('cache-control', 'public, max-age=31536000, immutable').header('vary', 'Accept-Encoding').type(file.type).send(body);
  });
  const icon = readFileSync(join(folder, 'favicon.svg'));
  const sendIcon = (_request: unknown, reply: import('fastify').FastifyReply) =>
    reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(icon);
  app.get('/favicon.svg', sendIcon);
  app.get('/favicon.ico', sendIcon);
  app.get('/robots.txt', (_request, reply) => reply.type('text/plain').send('User-agent: *\nDisallow: /api/\nDisallow: /orders/\nDisallow: /me\n'));
}
