import type { RoomId } from '@onsale/kernel';
import { askPlainly, type RoomConnection } from './connection.ts';
import { keyOf } from './keys.ts';
import type { JournalEntry } from './rules/journal.ts';

/** Entries one read takes at most. */
export const JOURNAL_PAGE_MAX = 1_000;

/** Entries after `afterId` ('0' for all), oldest first, at most `limit`. Page until it answers fewer. */
export async function readJournal(
  connection: RoomConnection, room: RoomId, afterId: string, limit: number = JOURNAL_PAGE_MAX,
): Promise<JournalEntry[]> {
  const from = afterId === '0' ? '-' : `(${afterId}`;
  const most = Math.min(limit, JOURNAL_PAGE_MAX);
  const rows = await askPlainly(connection, 'journal', (redis) => redis.xrange(keyOf(room, 'journal'), from, '+', 'COUNT', most));
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
