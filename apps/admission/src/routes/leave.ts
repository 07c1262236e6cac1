import { RoomParams } from '@onsale/contract';
import type { OnsaleServer } from '@onsale/runtime';
import { leave } from '@onsale/waiting-room';
import { roomOf, type AdmissionContext } from '../context.ts';
import { holderOf } from '../holder.ts';
import { placeNumberOf, problemOfRefusal } from '../place-of-holder.ts';
import { roomIdOf } from '../rooms.ts';

/** Gives the place up, from whatever state; again: nothing more happens. */
export function leaveRoute(server: OnsaleServer, context: AdmissionContext): void {
  server.delete('/rooms/:room/places/me', { schema: { params: RoomParams } }, async (request, reply) => {
    const holder = holderOf(context.holderKeys, request.headers, roomIdOf(request.params.room));
    const open = await roomOf(context, request.params.room);
    const left = await leave(context.connection, open.room, await placeNumberOf(open, holder));
    if (left.word !== 'left' && left.word !== 'again') throw problemOfRefusal(left.word);
    if (left.view !== null) context.sockets.changed(open.room, left.view);
    return reply.code(204).send();
  });
}
