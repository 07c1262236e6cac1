import { PlaceReply, ProblemError, RoomParams } from '@onsale/contract';
import type { OnsaleServer } from '@onsale/runtime';
import { returnPlace } from '@onsale/waiting-room';
import { roomOf, type AdmissionContext } from '../context.ts';
import { holderOf } from '../holder.ts';
import { placeNumberOf, refusedOrRestored } from '../place-of-holder.ts';
import { placeReplyOf } from '../place-reply.ts';
import { roomIdOf } from '../rooms.ts';

/** "I am back": the only way back into the line after a missed call. Pressed again it changes nothing. */
export function returnRoute(server: OnsaleServer, context: AdmissionContext): void {
  const schema = { params: RoomParams, response: { 200: PlaceReply } };
  server.post('/rooms/:room/places/me/return', { schema }, async (request) => {
    const holder = holderOf(context.holderKeys, request.headers, roomIdOf(request.params.room));
    const open = await roomOf(context, request.params.room);
    const { word, view } = await returnPlace(context.connection, open.room, await placeNumberOf(open, holder));
    if (word === 'ended') throw new ProblemError('place-ended');
    if (word === 'closed') throw new ProblemError('room-not-open', { phase: word });
    const place = word === 'returned' || word === 'unchanged' ? view : await refusedOrRestored(context.connection, open, holder, word);
    if (place === null) throw new Error(`return answered ${word} without a view`);
    context.sockets.changed(open.room, place);
    return placeReplyOf(place, open.view());
  });
}
