import { invariant, type OpaqueId, type ShowId } from '@onsale/kernel';
import type { HoldRow, HoldView } from './hold.ts';
import { oneMore, type SeatLapse, type SeatLapses } from './lapse.ts';
import { allowanceKeyText, type AllowanceKey } from './seat-limit.ts';
import { tagOf } from './seat-codes.ts';
import type { SeatChange, SeatState } from './seat.ts';

/** Rows of one show as read under their locks. What is missing is locked by somebody else, or was never there. */
export type LockedRows = {
  readonly endedSessions: ReadonlySet<OpaqueId>;
  /** Counters that do not exist (any more), by `allowanceKeyText`: the sale was started over, and its sessions with it. */
  readonly gone: ReadonlySet<string>;
  /** By `allowanceKeyText`. */
  readonly allowances: ReadonlyMap<string, number>;
  readonly holds: ReadonlyMap<OpaqueId, HoldRow>;
  readonly seats: ReadonlyMap<number, SeatRow>;
  /** Of persons who may be near the limit; others have none. */
  readonly lapses: SeatLapses;
};
export type SeatRow = { readonly state: SeatState; readonly claim: OpaqueId | null };

/** `untilMs`: milliseconds from now, or null to leave the deadline as it is. */
export type HoldWrite = { readonly from: HoldRow['state'] | null; readonly row: HoldRow; readonly untilMs: number | null };
export type LapseWrite = { readonly person: OpaqueId; readonly seats: readonly number[] };
export type BatchWrites = {
  readonly seats: ReadonlyMap<number, SeatRow>;
  readonly changes: readonly SeatChange[];
  /** New holds have `from` null. */
  readonly holds: ReadonlyMap<OpaqueId, HoldWrite>;
  readonly allowances: readonly (AllowanceKey & { readonly added: number })[];
  readonly lapses: readonly LapseWrite[];
};

/** The state that the commands of a batch see, each after the ones before it, and what has to be written in the end. */
export class BatchRows {
  readonly show: ShowId;
  readonly #locked: LockedRows;
  readonly #seats = new Map<number, SeatRow>();
  readonly #holds = new Map<OpaqueId, HoldWrite>();
  readonly #lapsed: LapseWrite[] = [];
  readonly #added = new Map<string, AllowanceKey & { added: number }>();

  constructor(show: ShowId, locked: LockedRows) {
    this.show = show;
    this.#locked = locked;
  }

  isEnded(session: OpaqueId): boolean {
    return this.#locked.endedSessions.has(session);
  }
  hold(id: OpaqueId): HoldRow | undefined {
    return this.#holds.get(id)?.row ?? this.#locked.holds.get(id);
  }
  seat(seat: number): SeatRow | undefined {
    return this.#seats.get(seat) ?? this.#locked.seats.get(seat);
  }
  /** Undefined when the row is locked elsewhere. */
  allowance(scope: string, holder: OpaqueId): number | undefined {
    const key = allowanceKeyText(scope, holder);
    const live = this.#locked.allowances.get(key);
    return live === undefined ? undefined : live + (this.#added.get(key)?.added ?? 0);
  }

  /** As the commands before in this batch have left it. */
  lapse(person: OpaqueId, seat: number): SeatLapse | undefined {
    const before = this.#locked.lapses.get(person)?.get(seat);
    return this.#lapsed.filter((lapsed) => lapsed.person === person && lapsed.seats.includes(seat)).reduce<SeatLapse | undefined>(oneMore, before);
  }
  addLapse(person: OpaqueId, seats: readonly number[]): void {
    this.#lapsed.push({ person, seats });
  }

  isGone(scope: string, holder: OpaqueId): boolean {
    return this.#locked.gone.has(allowanceKeyText(scope, holder));
  }

  setSeats(seats: Iterable<number>, state: SeatState, claim: OpaqueId | null): void {
    for (const seat of seats) this.#seats.set(seat, { state, claim });
  }
  add(scope: string, holder: OpaqueId, added: number): void {
    const key = allowanceKeyText(scope, holder);
    const sum = this.#added.get(key);
    if (sum === undefined) this.#added.set(key, { scope, holder, added });
    else sum.added += added;
    invariant((this.allowance(scope, holder) ?? -1) >= 0, 'an allowance would fall below zero or is not locked');
  }
  newHold(row: HoldRow): void {
    this.#holds.set(row.id, { from: null, row, untilMs: row.leftMs });
  }
  changeHold(id: OpaqueId, change: Partial<HoldRow>, untilMs: number | null = null): HoldRow {
    const before = this.hold(id);
    invariant(before !== undefined, 'a hold that was not read cannot change');
    const written = this.#holds.get(id);
    const row = { ...before, ...change, ...(untilMs === null ? {} : { leftMs: untilMs, expired: false }) };
    this.#holds.set(id, { from: written === undefined ? before.state : written.from, row, untilMs: untilMs ?? written?.untilMs ?? null });
    return row;
  }

  view(row: HoldRow): HoldView {
    const { id, person, state, seats, order, attempt } = row;
    const ticking = state === 'live' || (state === 'confirming' && row.awaiting);
    return { id, show: this.show, person, state, seats, remainingMs: ticking ? Math.max(0, row.leftMs) : 0, order, attempt };
  }

  /** Seats and counters that ended as they began are not written. */
  writes(): BatchWrites {
    const seats = new Map<number, SeatRow>();
    const changes: SeatChange[] = [];
    for (const [seat, row] of this.#seats) {
      const before = this.#locked.seats.get(seat);
      if (before?.state === row.state && before.claim === row.claim) continue;
      seats.set(seat, row);
      changes.push({ seat, state: row.state, tag: row.claim === null ? 0 : tagOf(row.claim) });
    }
    return { seats, changes, holds: this.#holds, allowances: [...this.#added.values()].filter(({ added }) => added !== 0), lapses: this.#lapsed };
  }
}
