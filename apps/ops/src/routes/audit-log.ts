import { RoomParams } from '@onsale/contract';
import { AUDIT_PAGE_MAX, listActs } from '@onsale/control';
import type { RoomId } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import { Type } from 'typebox';
import type { OpsContext } from '../context.ts';

const PAGE = 50;
const Query = Type.Object({
  before: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: AUDIT_PAGE_MAX })),
});
const Values = Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]);
const Act = Type.Object({
  id: Type.Integer(), at: Type.String(), actor: Type.String(), cause: Type.String(),
  action: Type.String(), subject: Type.String(), before: Values, after: Values,
});
/** `next`: hand it back as `before` for older records; null at the end. */
const AuditLogReply = Type.Object({ records: Type.Array(Act), next: Type.Union([Type.Integer(), Type.Null()]) });

/** Who changed what of a room, when and why; the latest first. */
export function auditLogRoute(server: OnsaleServer, { desk, pool }: OpsContext): void {
  const schema = { params: RoomParams, querystring: Query, response: { 200: AuditLogReply } };
  server.get('/rooms/:room/audit-log', { schema }, async (request) => {
    const { before, limit = PAGE } = request.query;
    const room = request.params.room as RoomId;
    await desk.mustKnow(room);
    const records = await listActs(pool, { subject: `room:${room}`, limit, ...(before === undefined ? {} : { beforeId: before }) });
    const last = records.length < limit ? null : (records.at(-1)?.id ?? null);
    return { records: records.map((record) => ({ ...record, at: record.at.toISOString() })), next: last };
  });
}
