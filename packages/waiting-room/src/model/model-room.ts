import type { Place } from '@onsale/kernel';
import type { CalledPlace } from '../call.ts';
import type { RoomTotals } from '../read-gauges.ts';
import type { JournalEntry } from '../rules/journal.ts';
import { LIMITS } from '../rules/limits.ts';
import type { RoomSettings } from '../rules/settings.ts';
import type { LimitReason, Phase, PlaceState } from '../rules/words.ts';

/**
 * A pretended Redis that holds at most one room: what the verbs of the model work on. Plain data, so that structuredClone is a
 * backup, and putting the clone back is a lost tail.
 */
export type ModelRoom = {
  /** run_id of the process behind "the connection". Another one than the adopted fences the room. */
  runId: string;
  /** Null: this Redis does not know the room. */
  data: ModelData | null;
};

/** Everything about a room. Times: milliseconds of the room clock, unless they say otherwise. */
export type ModelData = {
  settings: RoomSettings;
  /** In force; differs from the settings' once a scheduled room has opened by itself. */
  phase: Phase;
  adoptedRunId: string;
  incarnation: number;
  clock: number;
  /** Redis' TIME up to which the room clock has been moved, ms since the Unix epoch. */
  wall: number;
  /** Highest number issued. */
  next: number;
  /** Highest call number given. */
  calls: number;
  /** Highest order called. */
  through: number;
  /** Calls that the pace allows at once. */
  credit: number;
  /** Calls (and phantom calls) of the last minute. */
  batches: { readonly clock: number; readonly n: number }[];
  /** Most that ever stood in line at a tick. */
  peakWaiting: number;
  /** What kept the last tick from calling more. */
  reason: LimitReason;
  callsOffUntil: number;
  sweepOffUntil: number;
  presence: ModelPresence;
  pace: { at: number; calls: number; dry: boolean; buckets: number[] };
  /** Identity (hex) → the place it took last. */
  who: Map<string, Place>;
  /** Every place Redis has a record of: living or ended. A number that was issued and is not here is lost. */
  places: Map<Place, ModelPlace>;
  /** Called places, oldest first, as readers with a cursor find them. */
  recent: CalledPlace[];
  totals: { -readonly [Name in keyof RoomTotals]: number };
  journal: JournalEntry[];
};

export type ModelPresence = {
  /** Running number of the period; a sign of life counts in its own period and the three after it. */
  period: number;
  periodAt: number;
  /** The last period searched for silence. */
  sweptPeriod: number;
  /** Clock at which mass silence was seen, and at which the crowd began to come back; 0: none. */
  returning: number;
  coming: number;
  /** True while the silent of a mass silence that is over are being moved. */
  draining: boolean;
  /** Found silent in this period and not looked at again yet. */
  silent: Place[];
};

export type ModelPlace = {
  readonly place: Place;
  readonly order: number;
  state: PlaceState;
  /** called, entered, redeemed: when that is over. */
  deadline: number;
  misses: number;
  /** Period of the last sign of life. */
  signPeriod: number;
  /** Gave a sign of life after joining. */
  isHeard: boolean;
  /** From the call on, until the end. */
  slot: ModelSlot | null;
};

/**
 * `binding` in hex. `issuedAtMs`, `expiresAtMs`: wall time of the grant, 0 when Redis never knew it. `redeemedAt`: null before. `opensUntil`:
 * until then booking may still write the session.
 */
export type ModelSlot = {
  callNo: number; binding: string; kid: string; issuedAtMs: number; expiresAtMs: number; redeemedAt: number | null; opensUntil: number;
};

/** An empty Redis process. */
export const openModelRoom = (runId: string): ModelRoom => ({ runId, data: null });

export const NO_SLOT: ModelSlot = { callNo: 0, binding: '', kid: '', issuedAtMs: 0, expiresAtMs: 0, redeemedAt: null, opensUntil: 0 };

type Unnumbered<Entry> = Entry extends JournalEntry ? Omit<Entry, 'id' | 'clock'> : never;

/** Appends an entry at the present clock; ids count up from 1. The oldest make room. */
export function writeJournal(data: ModelData, entry: Unnumbered<JournalEntry>): void {
  const id = String(Number(data.journal.at(-1)?.id ?? 0) + 1);
  data.journal.push({ ...entry, id, clock: data.clock } as JournalEntry);
  if (data.journal.length > LIMITS.JOURNAL_LENGTH_MAX) data.journal.shift();
}

/** The room's data, or why a verb is refused before it looks at anything. */
export function adoptedData(room: ModelRoom): ModelData | 'no-room' | 'fenced' {
  if (room.data === null) return 'no-room';
  return room.data.adoptedRunId === room.runId ? room.data : 'fenced';
}
