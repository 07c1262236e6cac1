import { AuditReply } from '@onsale/contract';
import type { OnsaleServer } from '@onsale/runtime';
import type { OpsContext } from '../context.ts';

export function auditRoute(server: OnsaleServer, { auditor }: OpsContext): void {
  server.get('/audit', { schema: { response: { 200: AuditReply } }, config: { importance: 'read' } }, () => auditor.run());
}
