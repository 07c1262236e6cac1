import { packCodes, toBase64 } from '../rules/seat-codes.ts';
import { SEAT_CODES, SEAT_STATES, stateOfCode, type SeatChange, type SeatCode, type SeatState } from '../rules/seat.ts';

/**
 * Seat states of one show in memory. `version` is the newest up to which every change is known; single seats may be known at a newer one,
 * because this process made the change. A state is only ever replaced by one of a newer version.
 */
export class SeatMemory {
  readonly seats: number;
  readonly codes: Uint8Array;
  /** Tag of each seat's claim (see SeatChange), and the version at which its state is known. */
  readonly tags: Uint32Array;
  readonly #seatVersions: Float64Array;
  /** How many seats carry each tag. */
  readonly #tagged = new Map<number, number>();
  readonly #counts: [free: number, held: number, sold: number, blocked: number];
  #history: { readonly version: number; readonly changes: readonly SeatChange[] }[] = [];
  #packed: string | undefined;
  version = 0;

  constructor(seats: number) {
    this.seats = seats;
    this.codes = new Uint8Array(seats);
    this.tags = new Uint32Array(seats);
    this.#seatVersions = new Float64Array(seats).fill(-1);
    this.#counts = [seats, 0, 0, 0];
  }

  stateOf(seat: number): SeatState {
    return stateOfCode(this.codes[seat] as SeatCode);
  }
  counts(): Record<SeatState, number> {
    return Object.fromEntries(SEAT_STATES.map((state, code) => [state, this.#counts[code as SeatCode]])) as Record<SeatState, number>;
  }

  /** The whole state as read after `version` was; it may be newer in single seats. Forgets the history: there may be a gap. */
  load(version: number, rows: Iterable<SeatChange>): void {
    for (const change of rows) this.#learn(version, change);
    if (version <= this.version) return;
    this.version = version;
    this.#history = [];
  }

  /** Changes of one version. In sequence they advance `version`; out of it the seats are learned, the version is not. */
  apply(version: number, changes: readonly SeatChange[]): void {
    for (const change of changes) this.#learn(version, change);
    if (version !== this.version + 1) return;
    this.version = version;
    this.#history.push({ version, changes });
    if (this.#history.length > HISTORY_MAX) this.#history = this.#history.slice(HISTORY_MAX / 2);
  }

  #learn(version: number, { seat, state, tag }: SeatChange): void {
    if (version <= (this.#seatVersions[seat] as number)) return;
    this.#seatVersions[seat] = version;
    this.#retag(seat, tag);
    const code = SEAT_CODES[state];
    const before = this.codes[seat] as SeatCode;
    if (code === before) return;
    this.#counts[before] -= 1;
    this.#counts[code] += 1;
    this.codes[seat] = code;
    this.#packed = undefined;
  }

  #retag(seat: number, tag: number): void {
    const before = this.tags[seat] as number;
    if (before === tag) return;
    this.tags[seat] = tag;
    const left = (this.#tagged.get(before) ?? 0) - 1;
    if (left > 0) this.#tagged.set(before, left);
    else this.#tagged.delete(before);
    if (tag !== 0) this.#tagged.set(tag, (this.#tagged.get(tag) ?? 0) + 1);
  }
  /** Whether some seat belongs to a claim with this tag: surely false, or probably true. */
  hasTag(tag: number): boolean {
    return this.#tagged.has(tag);
  }

  /** Seats of a claim with this tag; walks over all seats when there are some. */
  seatsTagged(tag: number): number[] {
    return this.hasTag(tag) ? Array.from(this.tags.keys()).filter((seat) => this.tags[seat] === tag) : [];
  }

  /** Base64 of two bits a seat. */
  packed(): string {
    this.#packed ??= toBase64(packCodes(this.codes));
    return this.#packed;
  }

  /** What changed after `version`, each seat once with its last state; undefined when that is not remembered any more. */
  since(version: number): { readonly from: number; readonly version: number; readonly changes: readonly (readonly [number, number])[] } | undefined {
    if (version > this.version) return undefined;
    const oldest = this.#history[0]?.version ?? this.version + 1;
    if (version + 1 < oldest) return undefined;
    const last = new Map<number, number>();
    for (const entry of this.#history) if (entry.version > version) for (const { seat, state } of entry.changes) last.set(seat, SEAT_CODES[state]);
    return { from: version, version: this.version, changes: [...last] };
  }
}

/** At a hundred batches a second, twenty seconds. */
const HISTORY_MAX = 2_048;
