import type { Place, RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { keyOf } from './keys.ts';
import type { EndKind, LimitReason, Phase } from './rules/words.ts';

/** `clock`: room clock, ms. `id`: the stream's own. Enough to check W1–W4 and W6 afterwards (README, "Journal"). */
export type JournalEntry = { readonly id: string; readonly clock: number } & (
  | {
    readonly kind: 'call'; readonly n: number; readonly rate: number | null; readonly capacity: number | null;
    /** Slots in use before this call. */
    readonly slotsBefore: number;
    /** Calls in the minute up to this one, itself included. */
    readonly inWindow: number;
    readonly firstCallNo: number;
    /** Called places and their orders, in the order of the call. */
    readonly places: readonly Place[];
    readonly orders: readonly number[];
    /** Lowest order in line afterwards; null: the line was empty. */
    readonly lowestLeft: number | null;
    readonly reason: LimitReason;
  }
  | { readonly kind: 'enter'; readonly place: Place; readonly callNo: number }
  | { readonly kind: 'redeem'; readonly place: Place; readonly callNo: number; readonly slotsAfter: number; readonly forgotten: boolean }
  | { readonly kind: 'adopt'; readonly place: Place; readonly callNo: number; readonly slotsAfter: number }
  | { readonly kind: 'end'; readonly end: EndKind; readonly by: string; readonly places: readonly Place[] }
  | { readonly kind: 'miss'; readonly places: readonly Place[] }
  | { readonly kind: 'restore'; readonly place: Place; readonly order: number }
  | { readonly kind: 'readopt'; readonly incarnation: number; readonly issuedBefore: number; readonly issuedAfter: number; readonly phantomCalls: number }
  | {
    readonly kind: 'settings'; readonly version: number; readonly phase: Phase; readonly rate: number | null; readonly capacity: number | null;
    readonly epoch: number;
  }
  | { readonly kind: 'open' }
);

/** Entries one read takes at most. */
export const JOURNAL_PAGE_MAX = 1_000;

/** Entries after `afterId` ('0' for all), oldest first, at most `limit`. Page until it answers fewer. */
export async function readJournal(
  connection: RoomConnection, room: RoomId, afterId: string, limit: number = JOURNAL_PAGE_MAX,
): Promise<JournalEntry[]> {
  const from = afterId === '0' ? '-' : `(${afterId}`;
  const rows = await connection.redis.xrange(keyOf(room, 'journal'), from, '+', 'COUNT', Math.min(limit, JOURNAL_PAGE_MAX));
  return rows.map(([id, fields]) => entryOf(id, fields));
}

/** Numbers of places come as text, because Lua's JSON prints 14 digits; -1 stands for null. */
function entryOf(id: string, fields: readonly string[]): JournalEntry {
  const [, kind, , clock, , text] = fields as [string, string, string, string, string, string];
  const raw = JSON.parse(text) as Record<string, unknown>;
  const entry: Record<string, unknown> = { ...raw, id, kind, clock: Number(clock) };
  for (const name of ['place', 'order']) if (typeof raw[name] === 'string') entry[name] = Number(raw[name]);
  for (const name of ['places', 'orders']) if (Array.isArray(raw[name])) entry[name] = (raw[name] as string[]).map(Number);
  for (const name of ['rate', 'capacity']) if (raw[name] === -1) entry[name] = null;
  if (kind === 'call') entry['lowestLeft'] = raw['lowestLeft'] === '' ? null : Number(raw['lowestLeft']);
  return entry as JournalEntry;
}
