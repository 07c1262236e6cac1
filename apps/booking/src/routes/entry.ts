import {
  bindingText,
  bindingOf,
  identityOf,
  sessionIdOf,
  signEntrySession,
  type EntryClaims,
  type EntryGuardRefusal,
  type HolderSecret,
} from '@onsale/entry-token';
import { idleLeftMs, readSessionUse } from '@onsale/booking';
import { EnterBody, ProblemError, type ProblemCode, type RedeemReply, type SessionReply } from '@onsale/contract';
import { addOutboxRow, inTransaction } from '@onsale/database';
import { MINUTE_MS, type OpaqueId } from '@onsale/kernel';
import { releaseHold } from '@onsale/sales';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { BookingContext } from '../context.ts';
import type { LiveSession } from '../guards/require-entry.ts';

/** Booking's session ends this long before the waiting room's lease, so that a slot is never freed under a fan who may still act. */
const BEFORE_LEASE_MS = MINUTE_MS;

const CODE_OF_REFUSAL: Record<EntryGuardRefusal['kind'], ProblemCode> = {
  'no-token': 'token-invalid',
  'no-identity': 'no-identity',
  malformed: 'token-invalid',
  'unknown-kid': 'token-invalid',
  'bad-signature': 'token-invalid',
  'foreign-room': 'token-foreign',
  expired: 'token-expired',
  'foreign-holder': 'holder-mismatch',
  throttled: 'rate-limited',
  busy: 'overloaded',
};
const CODE_OF_WORD: Record<Exclude<RedeemReply['word'], 'redeemed' | 'again'>, ProblemCode> = {
  used: 'token-used',
  lapsed: 'token-expired',
  ended: 'token-expired',
  epoch: 'token-expired',
  unknown: 'token-invalid',
  recovering: 'recovering',
};

/**
 * The door. Nobody without a sound, living, own token reaches MySQL: the token is checked in memory, redeemed in the
 * waiting room, and only then is a row written.
 */
export function entryRoutes(server: FastifyInstance, context: BookingContext): void {
  server.post<{ Body: { entryToken: string; clientKey?: string } }>('/entry', { schema: { body: EnterBody } }, async (request, reply) => {
    const holder = context.guard.holder(request, request.body.clientKey);
    if (holder === undefined) throw new ProblemError('no-identity');
    const claims = await checkToken(context, request, holder);
    const lease = await redeem(context, claims, holder);
    return await openSession(context, claims, holder, lease, reply, request.body.clientKey === undefined);
  });

  server.get('/entry', async (request): Promise<SessionReply> => {
    const session = context.guard.session(request, 'read');
    return await describe(context, session, undefined);
  });

  server.delete('/entry', async (request, reply) => {
    const session = context.guard.session(request, 'write');
    await releaseHolds(context, session);
    await inTransaction(context.database.money, { isolation: 'read committed' }, async (tx) => {
      await context.sessions.end(tx, session.sidText, 'left');
      await addOutboxRow(tx, { kind: 'finish', key: `place:${session.room}:${session.place}`, payload: { room: session.room, place: session.place } });
    });
    context.sessionCookie.clear(reply);
    return reply.code(204).send();
  });
}

async function checkToken({ door }: BookingContext, request: FastifyRequest<{ Body: { entryToken: string } }>, holder: HolderSecret): Promise<EntryClaims> {
  const passed = await door({ token: request.body.entryToken, holderSecret: holder, address: request.ip });
  if (passed.ok) return passed.value;
  const { refusal } = passed;
  throw new ProblemError(CODE_OF_REFUSAL[refusal.kind], 'retryAfterMs' in refusal ? { retryAfterMs: refusal.retryAfterMs } : {});
}

async function redeem(context: BookingContext, claims: EntryClaims, holder: HolderSecret): Promise<number> {
  const answer = await context.redeemer.redeem(claims.room, {
    place: claims.place,
    epoch: claims.epoch,
    callNo: claims.callNo,
    binding: bindingText(bindingOf(holder)),
  });
  if (answer === undefined) throw new ProblemError('unavailable', { retryAfterMs: 2_000, detail: 'The waiting room did not answer. Your token stays good.' });
  if (answer.word !== 'redeemed' && answer.word !== 'again')
    throw new ProblemError(CODE_OF_WORD[answer.word], answer.word === 'recovering' ? { retryAfterMs: 5_000 } : {});
  return answer.remainingMs;
}

async function openSession(
  context: BookingContext,
  claims: EntryClaims,
  holder: HolderSecret,
  leaseMs: number,
  reply: FastifyReply,
  asCookie: boolean,
): Promise<SessionReply> {
  const binding = bindingOf(holder);
  const sid = sessionIdOf(context.sessionKeys[0], { room: claims.room, place: claims.place, binding });
  const sidText = sid.toString('base64url') as OpaqueId;
  const person = identityOf(holder);
  const personText = person.toString('base64url') as OpaqueId;
  const lastsMs = leaseMs - BEFORE_LEASE_MS;
  if (lastsMs <= 0) throw new ProblemError('session-ended');
  const stored = await context.sessions.redeem({
    sid: sidText,
    room: claims.room,
    place: claims.place,
    person: personText,
    binding: bindingText(binding),
    shows: claims.shows,
    lastsMs,
  });
  if (!stored.ok) {
    if (stored.refusal.kind === 'token-used') throw new ProblemError('token-used');
    if (stored.refusal.kind === 'unknown-show') throw new ProblemError('not-found');
    throw new ProblemError(stored.refusal.kind === 'busy' ? 'overloaded' : 'unavailable', { retryAfterMs: stored.refusal.retryAfterMs });
  }
  const untilMs = context.nowMs() + Math.min(lastsMs, stored.value.remainingMs);
  const session: LiveSession = { sid, room: claims.room, place: claims.place, person, binding, shows: claims.shows, untilMs, sidText, personText };
  if (context.sessions.isEnded(sidText)) throw new ProblemError('session-ended');
  const text = signEntrySession(session, context.sessionKeys[0]);
  if (asCookie) context.sessionCookie.set(reply, text, lastsMs);
  void reply.code(stored.value.again ? 200 : 201);
  return await describe(context, session, asCookie ? undefined : text);
}

async function describe(context: BookingContext, session: LiveSession, text: string | undefined): Promise<SessionReply> {
  const [use, held] = await Promise.all([context.sessions.use(session.sidText), readSessionUse(context.database.reads, session.sidText)]);
  // The row is gone: the sale was started over.
  if (held === undefined) throw new ProblemError('session-ended');
  const [show] = session.shows;
  const book = show === undefined ? undefined : await context.books.open(show);
  if (book === undefined) throw new ProblemError('not-found');
  const { limits } = book.terms();
  return {
    ...(text === undefined ? {} : { session: text }),
    room: session.room,
    remainingMs: Math.max(0, session.untilMs - context.nowMs()),
    idleRemainingMs: idleLeftMs(held, limits.idleSessionMs),
    shows: [...session.shows],
    limits: {
      seatsPerOrder: limits.perOrder,
      perPersonAndShow: limits.perPersonAndShow,
      perPersonAndEvent: limits.perPersonAndEvent,
      attemptsLeft: Math.max(0, limits.attemptsPerSession - use.attempts),
      ordersLeft: Math.max(0, limits.ordersPerEntry - use.orders),
    },
  };
}

/** Leaving gives the seats back at once; a hold whose payment is being confirmed stays with its order. */
async function releaseHolds(context: BookingContext, session: LiveSession): Promise<void> {
  for (const show of session.shows) {
    const live = (await context.holdsOf(show, session.sidText)).filter(({ state }) => state === 'live');
    await Promise.all(live.map(({ id }) => releaseHold(context.sales, { show, id, person: session.personText })));
  }
}
