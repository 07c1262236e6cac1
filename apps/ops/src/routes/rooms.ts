import { RoomListReply, RoomOnDeskReply, RoomParams, RoomPatch, type Phase } from '@onsale/contract';
import { BOUNDS, type RoomReport } from '@onsale/control';
import type { RoomId, ShowId } from '@onsale/kernel';
import { etagOfVersion, ifMatchVersionOf, type OnsaleServer } from '@onsale/runtime';
import type { FastifyError } from 'fastify';
import type { OpsContext } from '../context.ts';
import type { DeskRoom } from '../rooms/room-desk.ts';
import { badSetting } from '../rooms/room-refusals.ts';

export function roomRoutes(server: OnsaleServer, { desk, gate }: OpsContext): void {
  server.get('/rooms', { schema: { response: { 200: RoomListReply } } }, async () => ({ rooms: (await desk.list()).map(replyOf) }));

  server.get('/rooms/:room', { schema: { params: RoomParams, response: { 200: RoomOnDeskReply } } }, async (request, reply) => {
    const room = await desk.read(request.params.room as RoomId);
    return reply.header('etag', etagOf(room)).send(replyOf(room));
  });

  server.patch(
    '/rooms/:room',
    { schema: { params: RoomParams, body: RoomPatch, response: { 200: RoomOnDeskReply } }, errorHandler: nameTheSetting, config: { importance: 'money' } },
    async (request, reply) => {
      const version = ifMatchVersionOf(request);
      const operator = gate.operatorOf(request, ['operator']);
      const { cause = '', ...patch } = request.body;
      const room = await desk.change({ room: request.params.room as RoomId, version, patch, act: { actor: operator.name, cause } });
      return reply.header('etag', etagOf(room)).send(replyOf(room));
    },
  );
}

const replyOf = ({ settings: { shows, phase, ...settings }, inForce, saved, report }: DeskRoom) =>
  ({ ...settings, shows: [...shows] as ShowId[], phase: phase as Phase, inForce, saved, report: report === null ? null : reportReplyOf(report) });

const reportReplyOf = ({ openedAt, closedAt, reportedAt, leftAt: _, ...figures }: RoomReport) => ({
  ...figures, openedAt: openedAt?.toISOString() ?? null, closedAt: closedAt?.toISOString() ?? null, reportedAt: reportedAt.toISOString(),
});

/** For If-Match. No 304 is answered to it: the same version gets in force or saved meanwhile. */
const etagOf = ({ settings }: DeskRoom): string => etagOfVersion(settings.version);

/** A value that the schema refuses is told with its field and bounds, like one that the rules refuse. */
function nameTheSetting(error: FastifyError): never {
  const field = error.validationContext === 'body' ? error.validation?.[0]?.instancePath.split('/')[1] : undefined;
  if (field === undefined || !Object.hasOwn(RoomPatch.properties, field)) throw error;
  throw badSetting(field, Object.hasOwn(BOUNDS, field) ? BOUNDS[field as keyof typeof BOUNDS] : {});
}
