import { createHash } from 'node:crypto';
import type { Language } from '@onsale/contract';
import { parseOpaqueId, parseRoomId, parseShowId } from '@onsale/kernel';
import { matchesETag } from '@onsale/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { eventPage, homePage, notFoundPage, scriptedPage, type OnSaleFacts } from '../html/public-pages.ts';
import { problemTexts, roomPage } from '../html/room-page.ts';
import { speak } from '../texts/catalogue.ts';
import type { Manifest, PageAssets } from './assets.ts';
import { encodeBody, negotiate, type Encoded } from './compression.ts';
import { chooseLanguage, isLanguage, LANGUAGE_COOKIE } from './language.ts';
import type { OnSale, OnSaleReader } from './on-sale.ts';
import { sendPlainRoom } from './plain-queue.ts';
import type { Upstreams } from './proxy.ts';
import { forwarded, type Edge } from './sockets.ts';

export type PageContext = {
  readonly items: readonly OnSale[];
  readonly onSale: OnSaleReader;
  readonly upstreams: Upstreams;
  readonly edge: Edge;
  readonly headers: Readonly<Record<string, string>>;
  readonly assetsOf: (page: string) => PageAssets;
  readonly sendHtml: (request: FastifyRequest, reply: FastifyReply, render: (language: Language) => string, status?: number) => Promise<FastifyReply>;
};

const LANGUAGE_COOKIE_SECONDS = 365 * 86_400;
/** Fans of one room get the same bytes: they are compressed once and kept, the newest so many. */
const ENCODED_MAX = 128;
const HTML_BROTLI_QUALITY = 5;

export function pageContext(given: Omit<PageContext, 'assetsOf' | 'sendHtml'>, manifest: Manifest): PageContext {
  const encoded = new Map<string, Promise<{ readonly etag: string; readonly body: Encoded }>>();
  const encode = (document: string) => {
    const known = encoded.get(document);
    if (known !== undefined) return known;
    const etag = `W/"${createHash('sha256').update(document).digest('base64url').slice(0, 22)}"`;
    const fresh = encodeBody(Buffer.from(document), HTML_BROTLI_QUALITY).then((body) => ({ etag, body }));
    if (encoded.size >= ENCODED_MAX) encoded.delete(encoded.keys().next().value as string);
    encoded.set(document, fresh);
    return fresh;
  };
  const sendHtml: PageContext['sendHtml'] = async (request, reply, render, status = 200) => {
    const asked = (request.query as { lang?: unknown } | undefined)?.lang;
    const language = chooseLanguage(asked, request.headers.cookie, request.headers['accept-language']);
    if (isLanguage(asked))
      reply.header(
        'set-cookie',
        `${LANGUAGE_COOKIE}=${asked}; Path=/; Max-Age=${LANGUAGE_COOKIE_SECONDS}; SameSite=Lax${given.edge.secure ? '; Secure' : ''}`,
      );
    const { etag, body } = await encode(render(language));
    reply.headers({
      ...given.headers,
      'cache-control': 'private, no-cache',
      vary: 'Accept-Encoding, Accept-Language, Cookie',
      'content-language': language,
      etag,
    });
    if (status === 200 && matchesETag(request.headers['if-none-match'], etag)) return reply.code(304).send();
    const chosen = negotiate(body, request.headers['accept-encoding']);
    if (chosen.encoding !== 'identity') reply.header('content-encoding', chosen.encoding);
    return reply.code(status).type('text/html; charset=utf-8').send(chosen.body);
  };
  const assetsOf = (page: string): PageAssets => {
    const assets = manifest[page];
    if (assets === undefined) throw new Error(`no such page was built: ${page}`);
    return assets;
  };
  return { ...given, assetsOf, sendHtml };
}

type Slug<Name extends string> = { Params: { [key in Name]: string } };

export function servePages(app: FastifyInstance, context: PageContext): void {
  const { sendHtml, assetsOf, onSale, items } = context;
  const config = { importance: 'high' } as const;
  const factsOf = async (item: OnSale, request: FastifyRequest): Promise<OnSaleFacts> => {
    const asker = forwarded(request.raw, context.edge);
    const [room, show] = await Promise.all([onSale.room(item.room, asker), onSale.show(item.show, asker)]);
    return { item, room, show };
  };
  app.get('/', { config }, async (request, reply) => {
    const facts = await Promise.all(items.map((item) => factsOf(item, request)));
    return sendHtml(request, reply, (language) => homePage(language, assetsOf('home'), facts));
  });
  app.get<Slug<'event'>>('/events/:event', { config }, async (request, reply) => {
    const item = items.find(({ event }) => event === request.params.event);
    if (item === undefined) return sendNotFound(request, reply, context);
    const facts = await factsOf(item, request);
    return sendHtml(request, reply, (language) => eventPage(language, assetsOf('event'), facts));
  });
  app.get<Slug<'room'>>('/rooms/:room', { config }, async (request, reply) => {
    const { room } = request.params;
    if (!parseRoomId(room).ok) return sendNotFound(request, reply, context);
    if ((request.query as { plain?: unknown }).plain === '1') return sendPlainRoom(request, reply, context);
    const facts = await onSale.room(room, forwarded(request.raw, context.edge));
    return sendHtml(request, reply, (language) => roomPage(language, assetsOf('queue'), room, facts));
  });
  serveBookingPages(app, context);
}

/** Pages of those inside and of owners: the browser fills them with what its cookie and keys may see. */
function serveBookingPages(app: FastifyInstance, context: PageContext): void {
  const { sendHtml, assetsOf, items } = context;
  const config = { importance: 'high' } as const;
  const roomOf = (show: string): string | null => items.find((item) => item.show === show)?.room ?? null;
  // Checkout is a step of the same page with an address of its own.
  for (const path of ['/shows/:show', '/shows/:show/pay']) app.get<Slug<'show'>>(path, { config }, (request, reply) => {
    const { show } = request.params;
    if (!parseShowId(show).ok) return sendNotFound(request, reply, context);
    return sendHtml(request, reply, (language) =>
      scriptedPage(
        language,
        assetsOf('seats'),
        'seats',
        speak(language)('seats.title'),
        { show, room: roomOf(show), problems: problemTexts(language, BOOKING_PROBLEMS) },
        ['seats', 'pay'],
      ),
    );
  });
  app.get<Slug<'id'>>('/orders/:id', { config }, (request, reply) => {
    const { id } = request.params;
    if (!parseOpaqueId(id).ok) return sendNotFound(request, reply, context);
    return sendHtml(request, reply, (language) =>
      scriptedPage(language, assetsOf('order'), 'order', speak(language)('order.title'), { order: id, problems: problemTexts(language, BOOKING_PROBLEMS) }, [
        'order',
        'pay',
        'ticket',
      ]),
    );
  });
  app.get('/me', { config }, (request, reply) =>
    sendHtml(request, reply, (language) =>
      scriptedPage(language, assetsOf('tickets'), 'tickets', speak(language)('me.title'), { problems: problemTexts(language, BOOKING_PROBLEMS) }, [
        'me',
        'order',
        'ticket',
      ]),
    ),
  );
}

const BOOKING_PROBLEMS = [
  'overloaded',
  'unavailable',
  'no-session',
  'session-ended',
  'sale-closed',
  'not-found',
  'rate-limited',
  'too-many-attempts',
  'hold-expired',
  'seat-taken',
  'seat-busy',
  'orphan-seat',
  'limit',
  'sold-out',
  'order-state',
  'orders-used',
  'payment-in-progress',
  'amount-mismatch',
  'payment-refused',
  'internal',
  'no-identity',
  'holder-mismatch',
  'bad-request',
  'forbidden',
] as const;

export function sendNotFound(request: FastifyRequest, reply: FastifyReply, context: PageContext): Promise<FastifyReply> {
  return context.sendHtml(request, reply, (language) => notFoundPage(language, context.assetsOf('lost')), 404);
}

/**
 * The address without the slash that people and other sites add to it; null where there is none to take away. Only a path of plain
 * segments is answered so: `//elsewhere.example/` would lead a fan to another site.
 */
export function withoutLastSlash(url: string): string | null {
  const [, path, query = ''] = /^((?:\/[\w.-]+)+)\/(\?.*)?$/.exec(url) ?? [];
  return path === undefined ? null : path + query;
}
