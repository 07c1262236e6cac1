import { FINDINGS_AT_ONCE_MAX, recordFindings, recordLooks, type Finding } from '@onsale/control';
import { SECOND_MS, type RoomId } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { checkJournal, JOURNAL_PAGE_MAX, LIMITS, readJournal, type JournalEntry, type RoomConnection } from '@onsale/waiting-room';
import type { WorkerContext } from '../context.ts';
import { createRowAudit } from '../row-audit.ts';

/**
 * Checks the invariants while the sale runs, writes down what is broken, and then that it has looked: B1, B3, B4 and B6 on the database's own
 * rows and on the money (RowAudit, a piece a round), W1 to W4 and W6 on the journals of the rooms that this worker calls. A journal is judged
 * in pieces: what refers to entries that are not kept is not judged (so W4 and W6 are sampled here; whoever holds the whole journal, as the
 * crowd's report does, proves them).
 */
export const AUDIT_EVERY_MS = 10 * SECOND_MS;
/** Entries of a room kept to judge the next piece against. */
const KEPT_MAX = 20_000;
const PAGES_A_RUN_MAX = 100;
/** Findings of journals that wait to be written down; a journal names each once. */
const OWED_MAX = 1_000;

export type AuditorOptions = Pick<WorkerContext, 'database' | 'connection' | 'logger' | 'monotonic'> & {
  readonly rooms: () => readonly RoomId[];
  readonly onError: (error: unknown, name: string) => void;
};

export function startAuditor({ database, connection, logger, monotonic, rooms, onError }: AuditorOptions): Loop {
  const journals = new Map<RoomId, JournalTail>();
  const rows = createRowAudit({ database, monotonic });
  let owed: Finding[] = [];
  const tell = ({ invariant, detail }: Finding): void => logger.error({ invariant, detail }, 'an invariant is broken');
  const run = async (): Promise<void> => {
    const standing = await rows.round();
    for (const finding of standing) tell(finding);
    const looked = rooms();
    // Another worker's by now: whoever calls a room judges its journal.
    for (const room of journals.keys()) if (!looked.includes(room)) journals.delete(room);
    for (const room of looked) {
      const tail = journals.get(room) ?? new JournalTail(room);
      journals.set(room, tail);
      const named = await tail.judge(connection);
      for (const finding of named) tell(finding);
      owed = [...owed, ...named].slice(-OWED_MAX);
    }
    // What stands in rows is found again; what a journal has named is not, so it goes first and is kept until it is written.
    const written = owed.slice(0, FINDINGS_AT_ONCE_MAX);
    await recordFindings(database.reads, [...written, ...standing]);
    rows.written();
    owed = owed.slice(written.length);
    await recordLooks(database.reads, looked);
  };
  return startLoop({ name: 'auditor', everyMs: AUDIT_EVERY_MS, run, onError });
}

/** The latest entries of one room's journal. */
export class JournalTail {
  readonly #room: RoomId;
  #entries: JournalEntry[] = [];
  #lastId = '0';
  /** Behind `#lastId` when a page could not be read: then what came before it is judged by the next round. */
  #judgedId = '0';

  constructor(room: RoomId) {
    this.#room = room;
  }

  /** Reads what is new and judges it against what is kept; each violation is named once. */
  async judge(connection: RoomConnection): Promise<Finding[]> {
    const judged = this.#judgedId;
    for (let page = 0; page < PAGES_A_RUN_MAX; page += 1) {
      const fresh = await readJournal(connection, this.#room, this.#lastId, JOURNAL_PAGE_MAX);
      for (const entry of fresh) this.#add(entry);
      if (fresh.length < JOURNAL_PAGE_MAX) break;
    }
    this.#judgedId = this.#lastId;
    if (this.#lastId === judged) return [];
    const violations = checkJournal(this.#entries, false).filter(({ id }) => isAfter(id, judged));
    return violations.map(({ rule, what }) => ({ invariant: rule, detail: `room ${this.#room}: ${what}` }));
  }

  #add(entry: JournalEntry): void {
    // The room was made anew: what came before is of another line.
    const restarted = entry.clock < (this.#entries.at(-1)?.clock ?? 0);
    if (restarted) this.#entries = [];
    this.#entries.push(entry);
    this.#lastId = entry.id;
    if (this.#entries.length <= KEPT_MAX) return;
    const windowFrom = entry.clock - LIMITS.WINDOW_MS;
    const half = this.#entries.slice(-KEPT_MAX / 2);
    // A whole minute stays, whatever the bound says: W2 is about minutes.
    this.#entries = half[0] !== undefined && half[0].clock > windowFrom ? this.#entries.filter(({ clock }) => clock >= windowFrom) : half;
  }
}

/** Stream ids are `ms-n`. */
function isAfter(id: string, other: string): boolean {
  const [ms = 0, n = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = other.split('-').map(Number);
  return ms > otherMs || (ms === otherMs && n > otherN);
}
