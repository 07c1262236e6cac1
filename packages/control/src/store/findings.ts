import { createHash } from 'node:crypto';
import { keptMsOf, type Queryable, type ResultSetHeader } from '@onsale/database';
import { desc, drizzleOn, sql } from '@onsale/database/drizzle';
import { finding } from '@onsale/database/schema/control';

/** An invariant (W1 … B11) that the auditor saw broken. `detail` names what, in numbers and ids that are public. */
export type Finding = { readonly invariant: string; readonly detail: string };
export type SeenFinding = Finding & { readonly firstAt: Date; readonly lastAt: Date; readonly seen: number };

export const FINDINGS_PAGE_MAX = 500;
export const FINDINGS_AT_ONCE_MAX = 100;
const DETAIL_CHARS_MAX = 500;

/** Records the first FINDINGS_AT_ONCE_MAX findings; one seen before counts up. The rest is left for the auditor's next round. */
export async function recordFindings(database: Queryable, findings: readonly Finding[]): Promise<void> {
  const rows = findings.slice(0, FINDINGS_AT_ONCE_MAX).map(({ invariant, detail: text }) => {
    const detail = text.slice(0, DETAIL_CHARS_MAX);
    return { invariant, detail, digest: createHash('sha256').update(`${invariant}\0${detail}`).digest(), firstAt: sql`NOW(3)`, lastAt: sql`NOW(3)`, seen: 1 };
  });
  if (rows.length === 0) return;
  await drizzleOn(database)
    .insert(finding)
    .values(rows)
    .onDuplicateKeyUpdate({ set: { lastAt: sql`VALUES(last_at)`, seen: sql`${finding.seen} + 1` } });
}

/** The latest first. */
export async function listFindings(database: Queryable, { limit = FINDINGS_PAGE_MAX }: { readonly limit?: number } = {}): Promise<SeenFinding[]> {
  const rows = await drizzleOn(database).select().from(finding).orderBy(desc(finding.lastAt), desc(finding.digest)).limit(Math.min(limit, FINDINGS_PAGE_MAX));
  return rows.map(({ invariant, detail, firstAt, lastAt, seen }) => ({ invariant, detail, firstAt, lastAt, seen }));
}

/** Forgets all findings: when a demonstration or rehearsal starts over, what was found in the old one says nothing. */
export async function forgetFindings(database: Queryable): Promise<void> {
  await drizzleOn(database).delete(finding);
}

/** Findings that nobody has seen again for long; gives how many. */
export async function pruneFindings(database: Queryable, limit: number): Promise<number> {
  const sql = 'DELETE FROM finding WHERE last_at < NOW(3) - INTERVAL ? MICROSECOND ORDER BY last_at LIMIT ?';
  const [written] = await database.query<ResultSetHeader>(sql, [keptMsOf('finding') * 1_000, limit]);
  return written.affectedRows;
}
