import { AuditLogQuery, AuditLogReply, ProblemError, RoomParams } from '@onsale/contract';
import { listActs, readRoom } from '@onsale/control';
import type { RoomId } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import type { OpsContext } from '../context.ts';
import { subjectOfShow } from './shows.ts';

const PAGE = 50;

/** Who changed what of a room and of its shows, when and why; the latest first. */
export function auditLogRoute(server: OnsaleServer, { pool }: OpsContext): void {
  const schema = { params: RoomParams, querystring: AuditLogQuery, response: { 200: AuditLogReply } };
  server.get('/rooms/:room/audit-log', { schema }, async (request) => {
    const { before, limit = PAGE } = request.query;
    const room = await readRoom(pool, request.params.room as RoomId);
    if (room === undefined) throw new ProblemError('not-found');
    const subject = [`room:${room.room}`, ...room.shows.map(subjectOfShow)];
    const records = await listActs(pool, { subject, limit, ...(before === undefined ? {} : { beforeId: before }) });
    const last = records.length < limit ? null : (records.at(-1)?.id ?? null);
    return { records: records.map((record) => ({ ...record, at: record.at.toISOString() })), next: last };
  });
}
