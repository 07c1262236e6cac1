import { HoldBody, HoldParams, ProblemError, ShowParams, SwapBody, type HoldReply, type HoldsReply } from '@onsale/contract';
import { keyedId, nameSeat, type HoldView, type KeyedRequest, type SeatCommand, type ShowBook } from '@onsale/booking';
import type { OpaqueId, ShowId } from '@onsale/kernel';
import { idempotencyOf, type Idempotency } from '@onsale/runtime';
import { releaseHold } from '@onsale/sales';
import type { FastifyInstance } from 'fastify';
import type { BookingContext } from '../context.ts';
import { problemOf } from '../refusals.ts';
import { bookOf } from './seat-map.ts';

type HoldInput = { seats: number[] } | { bestAvailable: { quantity: number; grade?: string } };

/** Who holds seats already is served before who wants some. */
const ofHolder = { importance: 'high' } as const;

/** Holds: every write is a command to the engine, whose transaction is the authority. */
export function holdRoutes(server: FastifyInstance, context: BookingContext): void {
  server.post<{ Params: { show: ShowId }; Body: HoldInput }>(
    '/shows/:show/holds',
    { schema: { params: ShowParams, body: HoldBody }, config: { hasRoom: (turnMs) => context.engine.hasRoom(turnMs) } },
    async (request, reply) => {
      const { show } = request.params;
      const session = context.guard.sessionFor(request, 'write', show);
      const idempotency = idempotencyOf(request);
      refuseWhenBlind(context);
      const book = await bookOf(context, show);
      book.map.touch();
      const hold = keyedId(context.holdIdSecret, 'hold', session.sidText, idempotency.key);
      const starting = { show, hold, person: session.personText, session: session.sidText, keyed: keyedBy(idempotency) };
      const done = await submit(
        context,
        'seats' in request.body
          ? { kind: 'hold', ...starting, seats: request.body.seats }
          : { kind: 'best-available', ...starting, ...request.body.bestAvailable },
      );
      return reply.code(done.again ? 200 : 201).send(holdReply(book, done.hold));
    },
  );

  server.get<{ Params: { show: ShowId } }>('/shows/:show/holds/mine', { schema: { params: ShowParams }, config: ofHolder }, async (request) => {
    const { show } = request.params;
    const session = context.guard.sessionFor(request, 'read', show);
    const book = await bookOf(context, show);
    const holds = await context.holdsOf(show, session.sidText);
    return { holds: holds.map((hold) => holdReply(book, hold)) } satisfies HoldsReply;
  });

  server.put<{ Params: { show: ShowId; id: OpaqueId }; Body: { seats: number[] } }>(
    '/shows/:show/holds/:id',
    { schema: { params: HoldParams, body: SwapBody }, config: ofHolder },
    async (request) => {
      const { show, id } = request.params;
      const session = context.guard.sessionFor(request, 'write', show);
      const keyed = keyedBy(idempotencyOf(request));
      refuseWhenBlind(context);
      const book = await bookOf(context, show);
      const { personText: person, sidText } = session;
      const done = await submit(context, { kind: 'swap', show, hold: id, person, session: sidText, keyed, seats: request.body.seats });
      return holdReply(book, done.hold);
    },
  );

  const toRelease = { schema: { params: HoldParams }, config: ofHolder };
  server.delete<{ Params: { show: ShowId; id: OpaqueId } }>('/shows/:show/holds/:id', toRelease, async (request, reply) => {
    const { show, id } = request.params;
    const session = context.guard.sessionFor(request, 'write', show);
    await bookOf(context, show);
    const released = await releaseHold(context.sales, { show, id, person: session.personText });
    if (!released.ok) throw problemOf(released.refusal);
    return reply.code(204).send();
  });
}

const keyedBy = ({ keyMark, request }: Idempotency): KeyedRequest => ({ key: keyMark, request });

async function submit(context: BookingContext, command: SeatCommand): Promise<{ readonly again: boolean; readonly hold: HoldView }> {
  const answer = await context.engine.submit(command);
  if (!answer.ok) throw problemOf(answer.refusal);
  if (answer.value.hold === null) throw new Error(`a ${command.kind} answered without its hold`);
  return { again: answer.value.again, hold: answer.value.hold };
}

/** A process that could not read revocations for 10 s starts nothing new. */
function refuseWhenBlind(context: BookingContext): void {
  if (!context.sessions.knowsEnds()) throw new ProblemError('unavailable', { retryAfterMs: 2_000 });
}

export function holdReply(book: ShowBook, hold: HoldView): HoldReply {
  const seats = hold.seats.map((seat) => nameSeat(book.index, seat));
  return {
    id: hold.id,
    show: hold.show,
    state: hold.state,
    seats,
    remainingMs: hold.remainingMs,
    amount: seats.reduce((sum, { price, fee }) => sum + price + fee, 0),
    currency: book.terms().currency,
  };
}
