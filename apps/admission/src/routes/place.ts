import { PlaceReply, ProblemError, RoomParams } from '@onsale/contract';
import type { OnsaleServer } from '@onsale/runtime';
import type { AdmissionContext } from '../context.ts';
import { holderOf } from '../holder.ts';
import { placeNumberOf, refusedOrRestored } from '../place-of-holder.ts';
import { placeReplyOf } from '../place-reply.ts';
import { pollKeyOf } from '../poll-limiter.ts';
import { roomIdOf } from '../rooms.ts';

/** The own place, exactly, and a sign of life. Whoever asks much earlier than told, again and again, is asked to wait. */
export function placeRoute(server: OnsaleServer, context: AdmissionContext): void {
  const schema = { params: RoomParams, response: { 200: PlaceReply } };
  server.get('/rooms/:room/places/me', { schema }, async (request) => {
    // Every await that is not needed is a turn of the queue: this is the request that a whole crowd repeats.
    const holder = holderOf(context.holderKeys, request.headers, roomIdOf(request.params.room));
    const open = context.rooms.peek(request.params.room) ?? (await context.rooms.open(request.params.room));
    const view = open.view();
    const key = pollKeyOf(holder.identity);
    const waitMs = open.polls.waitOf(key, context.monotonic());
    if (waitMs > 0) throw new ProblemError('rate-limited', { retryAfterMs: waitMs });
    const kept = await open.keepPlace(holder.receipt?.place ?? (await placeNumberOf(open, holder)));
    const place = kept.word === 'place' ? kept.view : await refusedOrRestored(context.connection, open, holder, kept.word);
    const body = placeReplyOf(place, view);
    open.polls.answered(key, context.monotonic(), body.pollAfterMs);
    return body;
  });
}
