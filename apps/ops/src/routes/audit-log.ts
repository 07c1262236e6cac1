import { AuditLogQuery, AuditLogReply, RoomParams } from '@onsale/contract';
import { listActs } from '@onsale/control';
import type { RoomId } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import type { OpsContext } from '../context.ts';

const PAGE = 50;

/** Who changed what of a room, when and why; the latest first. */
export function auditLogRoute(server: OnsaleServer, { desk, pool }: OpsContext): void {
  const schema = { params: RoomParams, querystring: AuditLogQuery, response: { 200: AuditLogReply } };
  server.get('/rooms/:room/audit-log', { schema }, async (request) => {
    const { before, limit = PAGE } = request.query;
    const room = request.params.room as RoomId;
    await desk.mustKnow(room);
    const records = await listActs(pool, { subject: `room:${room}`, limit, ...(before === undefined ? {} : { beforeId: before }) });
    const last = records.length < limit ? null : (records.at(-1)?.id ?? null);
    return { records: records.map((record) => ({ ...record, at: record.at.toISOString() })), next: last };
  });
}
