import { JoinBody, PlaceReply, ProblemError, RoomParams } from '@onsale/contract';
import { parseHolderSecret } from '@onsale/entry-token';
import { MINUTE_MS, SECOND_MS } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import { signReceipt, type JoinReply } from '@onsale/waiting-room';
import type { AdmissionContext } from '../context.ts';
import { deviceSecretIn, holderOfSecret, type Holder } from '../holder.ts';
import type { OpenRoom } from '../open-room.ts';
import { placeReplyOf } from '../place-reply.ts';
import { pollKeyOf } from '../poll-limiter.ts';
import { RECOVERING_RETRY_MS } from '../room-frames.ts';

/** A room that opens later: come back then, but not all in the same instant and not after an hour. */
const SCHEDULED_RETRY_MS_MIN = 2 * SECOND_MS;
const SCHEDULED_RETRY_MS_MAX = 5 * MINUTE_MS;

/** Joins the line: 201; again: 200 and the same place. The receipt comes with both. */
export function joinRoute(server: OnsaleServer, context: AdmissionContext): void {
  const schema = { params: RoomParams, body: JoinBody, response: { 200: PlaceReply, 201: PlaceReply } };
  server.post('/rooms/:room/places', { schema }, async (request, reply) => {
    const holder = joinerOf(context, request.body.clientKey, request.headers.cookie);
    const open = context.rooms.peek(request.params.room) ?? (await context.rooms.open(request.params.room));
    const view = open.view();
    if (view.frame.settings.identity === 'account') throw new ProblemError('no-identity', { detail: 'This room is for signed-in accounts.' });
    const joined = await open.join({ identity: holder.identity });
    if (!('view' in joined)) throw refusalOf(joined, context, open);
    if (joined.word === 'ended') throw new ProblemError('rejoin-refused');
    const isNew = joined.word === 'joined';
    const { place, order } = joined.view;
    const receipt = signReceipt(context.holderKeys.receipt[0]!, {
      room: open.room, place, order, epoch: view.frame.epoch, incarnation: joined.incarnation,
      identity: holder.identity, binding: holder.binding, joinedAtMs: isNew ? context.wallClock() : 0,
    });
    const body = placeReplyOf(joined.view, view, receipt);
    open.polls.answered(pollKeyOf(holder.identity), context.monotonic(), body.pollAfterMs);
    return reply.code(isNew ? 201 : 200).send(body);
  });
}

/** A program's own key goes before a cookie. Throws no-identity when neither came. */
function joinerOf({ holderKeys }: AdmissionContext, clientKey: string | undefined, cookies: string | undefined): Holder {
  if (clientKey === undefined) {
    const secret = deviceSecretIn(holderKeys, cookies);
    if (secret === undefined) throw new ProblemError('no-identity');
    return holderOfSecret(secret);
  }
  const parsed = parseHolderSecret(clientKey);
  if (!parsed.ok) throw new ProblemError('bad-request');
  return holderOfSecret(parsed.value);
}

function refusalOf({ word }: Exclude<JoinReply, { view: unknown }>, context: AdmissionContext, open: OpenRoom): ProblemError {
  switch (word) {
    case 'full':
      return new ProblemError('full', { retryAfterMs: RECOVERING_RETRY_MS });
    case 'fenced':
    case 'no-room':
    case 'recovering':
      return new ProblemError('recovering', { retryAfterMs: RECOVERING_RETRY_MS });
    case 'closed':
      return new ProblemError('room-not-open', { phase: word });
    default: {
      const { opensAtMs } = open.view().frame.settings;
      const opensInMs = opensAtMs === null ? SCHEDULED_RETRY_MS_MAX : opensAtMs - context.wallClock();
      return new ProblemError('room-not-open', { phase: word, retryAfterMs: Math.min(SCHEDULED_RETRY_MS_MAX, Math.max(SCHEDULED_RETRY_MS_MIN, opensInMs)) });
    }
  }
}
