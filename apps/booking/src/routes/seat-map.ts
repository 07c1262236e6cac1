import { ProblemError, SeatsQuery, ShowParams, type LayoutReply, type SeatDelta, type SeatMapReply } from '@onsale/contract';
import type { ShowBook } from '@onsale/booking';
import type { ShowId } from '@onsale/kernel';
import { matchesETag } from '@onsale/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BookingContext } from '../context.ts';

const LAYOUT_CACHE_SECONDS = 60;

/** The layout is public and cacheable; the state of the seats is for those inside. */
export function seatMapRoutes(server: FastifyInstance, context: BookingContext): void {
  const layouts = new WeakMap<ShowBook['layout'], { readonly open: string; readonly closed: string }>();

  const opening = new Map<ShowId, Promise<ShowBook | undefined>>();
  const openShared = (show: ShowId): Promise<ShowBook | undefined> => {
    const book = opening.get(show) ?? context.books.open(show).finally(() => opening.delete(show));
    opening.set(show, book);
    return book;
  };
  /** A crowd that comes for one show while it is opened asks once; a list of invented shows is many guesses. */
  const bookForAnybody = async (request: FastifyRequest<{ Params: { show: ShowId } }>): Promise<ShowBook> => {
    const { show } = request.params;
    if (context.books.peek(show) !== undefined) return bookOf(context, show);
    const book = await (opening.get(show) ?? context.guesses.ask(request, () => openShared(show), (found) => found === undefined));
    if (book === undefined) throw new ProblemError('not-found');
    return book;
  };

  server.get<{ Params: { show: ShowId } }>('/shows/:show/layout', { schema: { params: ShowParams } }, async (request, reply) => {
    const book = await bookForAnybody(request);
    const open = book.terms().saleOpen;
    const etag = `"${book.layoutVersion}${open ? 'o' : 'c'}"`;
    void reply.header('etag', etag).header('cache-control', `public, max-age=${LAYOUT_CACHE_SECONDS}`);
    if (matchesETag(request.headers['if-none-match'], etag)) return reply.code(304).send();
    let texts = layouts.get(book.layout);
    if (texts === undefined) {
      texts = { open: JSON.stringify(layoutReply(book, true)), closed: JSON.stringify(layoutReply(book, false)) };
      layouts.set(book.layout, texts);
    }
    return reply.type('application/json; charset=utf-8').send(open ? texts.open : texts.closed);
  });

  server.get<{ Params: { show: ShowId }; Querystring: { since?: number } }>(
    '/shows/:show/seats',
    { schema: { params: ShowParams, querystring: SeatsQuery } },
    async (request, reply) => {
      const { show } = request.params;
      context.guard.sessionFor(request, 'read', show);
      const book = await bookOf(context, show);
      book.map.touch();
      const etag = `"${book.map.version}"`;
      void reply.header('etag', etag).header('cache-control', 'no-store');
      if (matchesETag(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return seatsSince(book, request.query.since);
    },
  );
}

export async function bookOf(context: BookingContext, show: ShowId): Promise<ShowBook> {
  const book = await context.books.open(show);
  if (book === undefined) throw new ProblemError('not-found');
  return book;
}

/** Changes after `since`, or everything when they are not remembered any more. */
export function seatsSince(book: ShowBook, since: number | undefined): SeatDelta | SeatMapReply {
  const delta = since === undefined ? undefined : book.map.since(since);
  if (delta !== undefined)
    return { type: 'delta', show: book.show, from: delta.from, version: delta.version, changes: delta.changes.map(([seat, code]) => [seat, code]) };
  return { type: 'seats', show: book.show, ...book.map.snapshot() };
}

function layoutReply(book: ShowBook, salesOpen: boolean): LayoutReply {
  const terms = book.terms();
  return {
    show: book.show,
    version: book.layoutVersion,
    event: terms.eventName,
    venue: terms.venueName,
    startsAt: terms.startsAt.toISOString(),
    currency: terms.currency,
    salesOpen,
    ...(book.layout as unknown as Pick<LayoutReply, 'width' | 'height' | 'stage' | 'focus' | 'seats' | 'grades' | 'sections'>),
  };
}
