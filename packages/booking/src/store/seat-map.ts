import type { ShowId } from '@onsale/kernel';
import type { Pool } from '@onsale/database';
import { unpackChanges } from '../rules/seat-codes.ts';
import type { SeatChange, SeatState } from '../rules/seat.ts';
import { readArrays } from './lock-rows.ts';
import { SeatMemory } from './seat-memory.ts';

/**
 * The state of a show's seats in this process's memory, fed by versioned deltas.
 *
 *   cold ── touch ──► hot: seat_delta polled every 25 ms      gap, or 30 s since the last: version first, then all seats
 *    ▲  (1 s)          │
 *    └── 10 s untouched┘
 *
 * B11: a process refuses from this memory only while it is `fresh`: the last good poll began less than 500 ms ago.
 */
export interface SeatMap {
  readonly seats: number;
  readonly version: number;
  fresh(): boolean;
  stateOf(seat: number): SeatState;
  /** Whole state: 2 bits a seat, base64; packed once per change. */
  snapshot(): { readonly version: number; readonly state: string };
  /** Changes after `version`; undefined when they are not remembered any more (send the snapshot). */
  since(version: number): { readonly from: number; readonly version: number; readonly changes: readonly (readonly [number, number])[] } | undefined;
  counts(): Record<SeatState, number>;
  /** Called after every advance of `version`. Returns how to stop. */
  onAdvance(listener: (from: number, version: number) => void): () => void;
  /** Somebody is looking: poll every 25 ms for the next seconds. */
  touch(): void;
  /** When somebody last looked, by `monotonicMs`. */
  readonly touchedAt: number;
  /** Codes and claim tags by seat number, for reading only. */
  readonly memory: SeatMemory;
  /** Takes in what this process has just committed as `version`. */
  apply(version: number, changes: readonly SeatChange[]): void;
  close(): void;
}
export type SeatMapOptions = {
  readonly pool: Pool;
  readonly show: ShowId;
  readonly seats: number;
  readonly onFault?: ((error: unknown) => void) | undefined;
  readonly monotonicMs: () => number;
  /** Never polls: for processes that only write. */
  readonly still?: boolean;
};

const HOT_POLL_MS = 25;
const COLD_POLL_MS = 1_000;
const HOT_FOR_MS = 10_000;
const RELOAD_MS = 30_000;
const FRESH_MS = 500;
/** Versions read in one poll; more than 20 s of a hot show. */
const POLL_ROWS_MAX = 2_000;

/** Resolves once the whole state is known. Throws DatabaseAway. */
export async function openSeatMap(options: SeatMapOptions): Promise<SeatMap> {
  const map = new PolledSeatMap(options);
  if (options.still !== true) await map.start();
  return map;
}

class PolledSeatMap implements SeatMap {
  readonly memory: SeatMemory;
  readonly #options: SeatMapOptions;
  readonly #listeners = new Set<(from: number, version: number) => void>();
  #goodAt = -Infinity;
  #loadedAt = -Infinity;
  touchedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #polling = false;
  #closed = false;

  constructor(options: SeatMapOptions) {
    this.#options = options;
    this.memory = new SeatMemory(options.seats);
  }

  get seats(): number {
    return this.memory.seats;
  }
  get version(): number {
    return this.memory.version;
  }
  fresh(): boolean {
    return this.#options.monotonicMs() - this.#goodAt < FRESH_MS;
  }
  stateOf(seat: number): SeatState {
    return this.memory.stateOf(seat);
  }
  snapshot(): { version: number; state: string } {
    return { version: this.memory.version, state: this.memory.packed() };
  }
  since(version: number): ReturnType<SeatMemory['since']> {
    return this.memory.since(version);
  }
  counts(): Record<SeatState, number> {
    return this.memory.counts();
  }
  onAdvance(listener: (from: number, version: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  apply(version: number, changes: readonly SeatChange[]): void {
    this.#advance(() => this.memory.apply(version, changes));
  }

  touch(): void {
    const now = this.#options.monotonicMs();
    const cold = now - this.touchedAt > HOT_FOR_MS;
    this.touchedAt = now;
    if (cold && !this.#polling && this.#options.still !== true && !this.#closed) this.#schedule(0);
  }

  async start(): Promise<void> {
    const began = this.#options.monotonicMs();
    await this.#reload();
    this.#goodAt = began;
    this.#schedule(HOT_POLL_MS);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #schedule(inMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#poll(), inMs);
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    const began = this.#options.monotonicMs();
    try {
      if (began - this.#loadedAt > RELOAD_MS || !(await this.#readDeltas())) await this.#reload();
      this.#goodAt = began;
    } catch (error) {
      if (!this.#closed) this.#options.onFault?.(error);
    } finally {
      this.#polling = false;
    }
    this.#schedule(this.#options.monotonicMs() - this.touchedAt < HOT_FOR_MS ? HOT_POLL_MS : COLD_POLL_MS);
  }

  /** False when versions are missing between what is known and what the table still has. */
  async #readDeltas(): Promise<boolean> {
    const { pool, show } = this.#options;
    const sql = `SELECT version, changes FROM seat_delta WHERE show_id = ? AND version > ? ORDER BY version LIMIT ${POLL_ROWS_MAX}`;
    const rows = await readArrays<[number, Buffer]>(pool, sql, [show, this.memory.version]);
    let gap = false;
    this.#advance(() => {
      for (const [version, changes] of rows) {
        // Own commits may have carried the memory past the first rows meanwhile.
        if (version > this.memory.version + 1) gap = true;
        this.memory.apply(version, unpackChanges(changes));
      }
    });
    return !gap && rows.length < POLL_ROWS_MAX;
  }

  /** Version first, then all seats: what commits in between is newer than the version and comes again as a delta. */
  async #reload(): Promise<void> {
    const { pool, show } = this.#options;
    const began = this.#options.monotonicMs();
    const [clock] = await readArrays<[number]>(pool, 'SELECT version FROM show_clock WHERE show_id = ?', [show]);
    if (clock === undefined) throw new Error('a show without a clock');
    const rows = await readArrays<[number, SeatState, Buffer | null]>(
      pool, 'SELECT seat_no, state, LEFT(claim, 4) FROM seat WHERE show_id = ? ORDER BY seat_no', [show],
    );
    this.#advance(() => this.memory.load(clock[0], rows.map(([seat, state, tag]) => ({ seat, state, tag: tag === null ? 0 : tag.readUInt32BE() }))));
    this.#loadedAt = began;
  }

  #advance(change: () => void): void {
    const from = this.memory.version;
    change();
    if (this.memory.version === from) return;
    for (const listener of this.#listeners) {
      // A listener that fails must not make a committed batch look as if it had failed.
      try {
        listener(from, this.memory.version);
      } catch (error) {
        this.#options.onFault?.(error);
      }
    }
  }
}
