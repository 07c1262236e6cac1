import type { Queryable, Tx } from '@onsale/database';
import { and, desc, drizzleOn, inArray, lt, sql } from '@onsale/database/drizzle';
import { auditLog } from '@onsale/database/schema/control';

/** `actor`: an operator's name, or the program that acted (`worker`, `seed`). `cause`: why, in the actor's words; may be empty. */
export type Act = { readonly actor: string; readonly cause: string };
export type AuditRecord = Act & {
  readonly id: number;
  readonly at: Date;
  /** What was done: `room.change`, `operator.make` … */
  readonly action: string;
  /** To what: `room:demo`, `operator:kim`. */
  readonly subject: string;
  /** Only what changed; null where there was nothing. Never a secret. */
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
};

export const AUDIT_PAGE_MAX = 200;
const CAUSE_CHARS_MAX = 200;

/** Appends in the transaction of the act, so that there is no act without its record. Nothing in this package changes or deletes one. */
export async function recordAct(tx: Tx, record: Omit<AuditRecord, 'id' | 'at'>): Promise<void> {
  await drizzleOn(tx).insert(auditLog).values({ ...record, cause: record.cause.slice(0, CAUSE_CHARS_MAX), at: sql`NOW(3)` });
}

/** The latest first; `beforeId` pages on. */
export async function listActs(
  database: Queryable,
  { subject, beforeId, limit = AUDIT_PAGE_MAX }: { readonly subject?: string | readonly string[]; readonly beforeId?: number; readonly limit?: number } = {},
): Promise<AuditRecord[]> {
  return drizzleOn(database)
    .select()
    .from(auditLog)
    .where(and(subject === undefined ? undefined : inArray(auditLog.subject, [subject].flat()), beforeId === undefined ? undefined : lt(auditLog.id, beforeId)))
    .orderBy(desc(auditLog.id))
    .limit(Math.min(limit, AUDIT_PAGE_MAX));
}
