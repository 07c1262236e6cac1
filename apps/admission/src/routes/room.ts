import { RoomParams, RoomReply } from '@onsale/contract';
import type { OnsaleServer } from '@onsale/runtime';
import type { AdmissionContext } from '../context.ts';

const CACHE = 'public, max-age=1';

/** The room as anybody may see it, from the latest frame. */
export function roomRoute(server: OnsaleServer, context: AdmissionContext): void {
  const schema = { params: RoomParams, response: { 200: RoomReply } };
  server.get('/rooms/:room', { schema, config: { importance: 'read' } }, async (request, reply) => {
    const { frame, reason } = await context.rooms.look(request.params.room);
    const { settings } = frame;
    void reply.header('cache-control', CACHE);
    return {
      room: settings.room,
      name: settings.name,
      phase: frame.phase,
      reason,
      epoch: frame.epoch,
      opensInMs: frame.phase === 'scheduled' && settings.opensAtMs !== null ? Math.max(0, settings.opensAtMs - context.wallClock()) : null,
      shows: [...settings.shows],
      identity: settings.identity,
      present: frame.counts.waiting,
    };
  });
}
