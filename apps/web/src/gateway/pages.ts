import { parseOpaqueId, parseRoomId, parseShowId } from '@onsale/kernel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { docsPage, problemsPage } from '../html/api-pages.ts';
import { eventPage, homePage, scriptedPage, type OnSaleFacts } from '../html/public-pages.ts';
import { problemTexts, roomPage } from '../html/room-page.ts';
import { speak } from '../texts/catalogue.ts';
import type { OnSale } from './on-sale.ts';
import { sendNotFound, type PageContext } from './page-context.ts';
import { sendPlainMine, sendPlainOrder } from './plain-orders.ts';
import { sendPlainRoom } from './plain-queue.ts';
import { sendPlainSeats } from './plain-seats.ts';
import { forwarded } from './sockets.ts';

type Slug<Name extends string> = { Params: { [key in Name]: string } };

export function servePages(app: FastifyInstance, context: PageContext): void {
  const { sendHtml, assetsOf, onSale, items } = context;
  const config = { importance: 'high' } as const;
  const factsOf = async (item: OnSale, request: FastifyRequest): Promise<OnSaleFacts> => {
    const asker = forwarded(request.raw, context.edge);
    const [room, show] = await Promise.all([onSale.room(item.room, asker), onSale.show(item.show, asker)]);
    return { item, room: room === 'unknown' ? null : room, show };
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
    if (isPlain(request)) return sendPlainRoom(request, reply, context);
    const facts = await onSale.room(room, forwarded(request.raw, context.edge));
    if (facts === 'unknown') return sendNotFound(request, reply, context);
    return sendHtml(request, reply, (language) => roomPage(language, assetsOf('queue'), room, facts), { lasting: true });
  });
  app.get('/docs', { config }, (request, reply) => sendHtml(request, reply, (language) => docsPage(language, assetsOf('docs'))));
  app.get('/problems', { config }, (request, reply) => sendHtml(request, reply, (language) => problemsPage(language, assetsOf('docs'))));
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
    if (isPlain(request)) return sendPlainSeats(request, reply, context);
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
    if (isPlain(request)) return sendPlainOrder(request, reply, context);
    return sendHtml(request, reply, (language) =>
      scriptedPage(language, assetsOf('order'), 'order', speak(language)('order.title'), { order: id, problems: problemTexts(language, BOOKING_PROBLEMS) }, [
        'order',
        'pay',
        'ticket',
      ]),
    );
  });
  app.get('/me', { config }, (request, reply) => {
    if (isPlain(request)) return sendPlainMine(request, reply, context);
    return sendHtml(request, reply, (language) =>
      scriptedPage(language, assetsOf('tickets'), 'tickets', speak(language)('me.title'), { problems: problemTexts(language, BOOKING_PROBLEMS) }, [
        'me',
        'order',
        'ticket',
      ]),
    );
  });
}

const isPlain = (request: FastifyRequest): boolean => (request.query as { plain?: unknown }).plain === '1';

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
  'lapsed-too-often',
  'key-reused',
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

/**
 * The address without the slash that people and other sites add to it; null where there is none to take away. Only a path of plain
 * segments is answered so: `//elsewhere.example/` would lead a fan to another site.
 */
export function withoutLastSlash(url: string): string | null {
  const [, path, query = ''] = /^((?:\/[\w.-]+)+)\/(\?.*)?$/.exec(url) ?? [];
  return path === undefined ? null : path + query;
}
