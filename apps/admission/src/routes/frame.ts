import { RoomParams } from '@onsale/contract';
import { replyWithETag, type OnsaleServer } from '@onsale/runtime';
import type { AdmissionContext } from '../context.ts';

const CACHE = 'public, max-age=1';
const TYPE = 'application/json; charset=utf-8';

/** The shared frame for who polls: the same bytes for everybody for a second, so any cache in front may keep it that long. */
export function frameRoute(server: OnsaleServer, context: AdmissionContext): void {
  server.get('/rooms/:room/frame', { schema: { params: RoomParams }, config: { importance: 'read' } }, async (request, reply) => {
    const view = await context.rooms.look(request.params.room);
    void reply.header('cache-control', CACHE).header('content-type', TYPE);
    return replyWithETag(request, reply, view.etag, () => view.text);
  });
}
