import { findViolations } from '@onsale/booking';
import type { AuditReply, FindingReply } from '@onsale/contract';
import { listFindings, listLooks, type RoomLook } from '@onsale/control';
import { inTransaction, within, type Pool } from '@onsale/database';
import { SECOND_MS, type WallClock } from '@onsale/kernel';

/**
 * The invariants, looked at now: booking's stores by its own audit (B1, B3, B4, B6), and what the worker's auditor has found in the journals
 * (W1–W4) and elsewhere, if it has looked lately: a worker that is dead finds nothing. One audit runs at a time, on a connection of its own;
 * who asks meanwhile gets that one's answer.
 */
export type Auditor = { run(): Promise<AuditReply> };

const CHECKED_NOW = ['B1', 'B3', 'B4', 'B6'] as const;
const CHECKED_BY_WORKER = ['W1', 'W2', 'W3', 'W4'] as const;
/** The worker looks every 10 s; an audit of a large sale takes some. */
export const LOOK_FRESH_MS = 60 * SECOND_MS;
const FINDINGS_MAX = 500;
/** Below the server's own limit for a handler. The audit goes on, and the next who asks waits for the same one. */
const ANSWER_MS = 12 * SECOND_MS;

export function createAuditor({ pool, wallClock }: { readonly pool: Pool; readonly wallClock: WallClock }): Auditor {
  let running: Promise<AuditReply> | undefined;
  const audit = async (): Promise<AuditReply> => {
    const atMs = wallClock();
    // One snapshot: a payment that commits between two statements is no violation.
    const violations = await inTransaction(pool, { isolation: 'repeatable read' }, (tx) => findViolations(tx));
    const seen = await listFindings(pool, { limit: FINDINGS_MAX });
    const at = new Date(atMs).toISOString();
    const found = [
      ...violations.map(({ invariant, detail }): FindingReply => ({ invariant, detail, at })),
      ...seen.map(({ invariant, detail, lastAt }): FindingReply => ({ invariant, detail, at: lastAt.toISOString() })),
    ];
    const unwatched = unwatchedOf(await listLooks(pool), atMs);
    const checked = unwatched === null ? [...CHECKED_NOW, ...CHECKED_BY_WORKER] : [...CHECKED_NOW];
    return { checked, unwatched, findings: found.slice(0, FINDINGS_MAX), atMs };
  };
  return {
    run() {
      running ??= audit().finally(() => { running = undefined; });
      return within(ANSWER_MS, running);
    },
  };
}

/** A room that was not looked at for too long leaves the journals' invariants open, whatever the others say. */
function unwatchedOf(looks: readonly RoomLook[], atMs: number): AuditReply['unwatched'] {
  const ages = looks.map(({ ageMs }) => ageMs ?? Infinity);
  const oldestMs = Math.max(0, ...ages);
  if (oldestMs <= LOOK_FRESH_MS) return null;
  return { invariants: [...CHECKED_BY_WORKER], sinceMs: oldestMs === Infinity ? null : Math.round(atMs - oldestMs) };
}
