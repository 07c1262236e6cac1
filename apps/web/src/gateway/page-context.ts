import { createHash } from 'node:crypto';
import type { Language } from '@onsale/contract';
import { matchesETag } from '@onsale/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFoundPage } from '../html/public-pages.ts';
import type { Manifest, PageAssets } from './assets.ts';
import { encodeBody, negotiate, type Encoded } from './compression.ts';
import { chooseLanguage, isLanguage, LANGUAGE_COOKIE } from './language.ts';
import type { OnSale, OnSaleReader } from './on-sale.ts';
import { rememberPlaces, type PlaceMemory } from './plain-memory.ts';
import type { Upstreams } from './proxy.ts';
import type { Edge } from './sockets.ts';

/** What every page of the gateway is made with. */
export type PageContext = {
  readonly items: readonly OnSale[];
  readonly onSale: OnSaleReader;
  readonly upstreams: Upstreams;
  readonly edge: Edge;
  readonly headers: Readonly<Record<string, string>>;
  readonly assetsOf: (page: string) => PageAssets;
  readonly sendHtml: (request: FastifyRequest, reply: FastifyReply, render: (language: Language) => string, options?: Sending) => Promise<FastifyReply>;
  /** Where the payment window can be opened by a link; null: only the provider's script opens it. */
  readonly plainWindow: string | null;
  /** What fans without scripts were last told of their places. */
  readonly places: PlaceMemory;
};
/**
 * `personal`: one fan's alone, so its bytes are kept neither here nor by the browser. `lasting`: the same bytes for as long as the build runs,
 * so they are worth the time of the hardest compression, once.
 */
type Sending = { readonly status?: number; readonly personal?: boolean; readonly lasting?: boolean };

/** Pages that work without scripts under `?plain=1`. */
const PLAIN_TWINS: readonly string[] = ['queue', 'seats', 'order', 'tickets'];
const LANGUAGE_COOKIE_SECONDS = 365 * 86_400;
/** Fans of one room get the same bytes: they are compressed once and kept, the newest so many. */
const ENCODED_MAX = 128;
const HTML_BROTLI_QUALITY = { lasting: 11, changing: 5 } as const;

export function pageContext(given: Omit<PageContext, 'assetsOf' | 'sendHtml' | 'places'> & { readonly now: () => number }, manifest: Manifest): PageContext {
  const encoded = new Map<string, Promise<{ readonly etag: string; readonly body: Encoded }>>();
  const encode = (document: string, { personal = false, lasting = false }: Sending) => {
    const known = encoded.get(document);
    if (known !== undefined) return known;
    const etag = `W/"${createHash('sha256').update(document).digest('base64url').slice(0, 22)}"`;
    const fresh = encodeBody(Buffer.from(document), HTML_BROTLI_QUALITY[lasting ? 'lasting' : 'changing']).then((body) => ({ etag, body }));
    if (personal) return fresh;
    if (encoded.size >= ENCODED_MAX) encoded.delete(encoded.keys().next().value as string);
    encoded.set(document, fresh);
    return fresh;
  };
  const sendHtml: PageContext['sendHtml'] = async (request, reply, render, options = {}) => {
    const { status = 200, personal = false } = options;
    const asked = (request.query as { lang?: unknown } | undefined)?.lang;
    const language = chooseLanguage(asked, request.headers.cookie, request.headers['accept-language']);
    if (isLanguage(asked))
      reply.header(
        'set-cookie',
        `${LANGUAGE_COOKIE}=${asked}; Path=/; Max-Age=${LANGUAGE_COOKIE_SECONDS}; SameSite=Lax${given.edge.secure ? '; Secure' : ''}`,
      );
    const { etag, body } = await encode(render(language), options);
    reply.headers({
      ...given.headers,
      'cache-control': personal ? 'no-store' : 'private, no-cache',
      vary: 'Accept-Encoding, Accept-Language, Cookie',
      'content-language': language,
      etag,
    });
    if (status === 200 && !personal && matchesETag(request.headers['if-none-match'], etag)) return reply.code(304).send();
    const chosen = negotiate(body, request.headers['accept-encoding']);
    if (chosen.encoding !== 'identity') reply.header('content-encoding', chosen.encoding);
    return reply.code(status).type('text/html; charset=utf-8').send(chosen.body);
  };
  const assetsOf = (page: string): PageAssets => {
    const assets = manifest[page];
    if (assets === undefined) throw new Error(`no such page was built: ${page}`);
    return PLAIN_TWINS.includes(page) ? { ...assets, gate: manifest['target']?.script ?? '' } : assets;
  };
  return { ...given, assetsOf, sendHtml, places: rememberPlaces(given.now) };
}

export function sendNotFound(request: FastifyRequest, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  return context.sendHtml(request, reply, (language) => notFoundPage(language, context.assetsOf('lost')), { status: 404 });
}
