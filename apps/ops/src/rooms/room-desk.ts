import { ProblemError } from '@onsale/contract';
import {
  changeRoom, listLivingRooms, listRoomReports, listRooms, readRoom, readRoomReport, type Act, type RoomPatch, type RoomReport, type RoomSettings,
} from '@onsale/control';
import { isUnavailable, within } from '@onsale/database';
import type { RoomId } from '@onsale/kernel';
import { configure, readGauges, RoomUnreachable, type RoomGauges } from '@onsale/waiting-room';
import { brakeOf, mayBrake } from '../rules/brakes.ts';
import { reconcileRoom, type Reconciled, type Stores } from './reconcile-room.ts';
import { problemOfChange, recovering, versionConflict } from './room-refusals.ts';

/*
 * Where operators change rooms.
 *
 *   change ──► MySQL row (version, audit record) ──► configure in Redis ──► in force
 *     └─ MySQL away, and the change only brakes ──► configure in Redis ──► in force, kept in `unsaved` ──► saved by `reconcile` (every 2 s)
 *
 * `inForce`: Redis has exactly these settings. `saved`: MySQL has them. Both are told, so that nobody takes a wish for a fact.
 * A room that is over has a report, and nothing is to be put in force any more: Redis is not asked about it.
 */
export type DeskRoom = { readonly settings: RoomSettings; readonly inForce: boolean; readonly saved: boolean; readonly report: RoomReport | null };
/** `version`: the one the operator has seen. */
export type RoomChange = { readonly room: RoomId; readonly version: number; readonly patch: RoomPatch; readonly act: Act };
export type RoomDeskOptions = Stores & {
  /** Told of every reading of a room's gauges. */
  readonly onReading: (room: RoomId, gauges: RoomGauges) => void;
  /** Told of every room whose settings have changed. */
  readonly onChange: (room: RoomId) => void;
  readonly onError: (error: unknown) => void;
  readonly saveMs?: number;
};

/** Longest wait for MySQL before a brake is put on without it. */
const SAVE_MS = 1_500;
const UNSAVED_PER_ROOM_MAX = 100;

export class RoomDesk {
  readonly #options: RoomDeskOptions;
  readonly #saveMs: number;
  /** Brakes in force that wait to be saved: who put them on and why. */
  readonly #unsaved = new Map<RoomId, readonly Act[]>();
  /** The version in force as it was seen last. Its keys are the rooms that are known while MySQL is away. */
  readonly #versions = new Map<RoomId, number | undefined>();

  constructor(options: RoomDeskOptions) {
    this.#options = options;
    this.#saveMs = options.saveMs ?? SAVE_MS;
  }

  get unsavedCount(): number {
    let count = 0;
    for (const acts of this.#unsaved.values()) count += acts.length;
    return count;
  }

  /** While MySQL is away: the rooms it has named before, as they are in force. */
  async list(): Promise<DeskRoom[]> {
    try {
      const { pool } = this.#options;
      const [rows, reports] = await within(this.#saveMs, Promise.all([listRooms(pool), listRoomReports(pool)]));
      const told = (row: RoomSettings): DeskRoom | Promise<DeskRoom> => {
        const report = reports.get(row.room);
        if (report !== undefined) return over(row, report);
        return this.#isSettled(row) ? { settings: row, inForce: true, saved: true, report: null } : this.#settleOrTell(row);
      };
      return await Promise.all(rows.map(told));
    } catch (error) {
      if (!isUnavailable(error) || this.#versions.size === 0) throw error;
      const found = await Promise.all(Array.from(this.#versions.keys(), (room) => this.#readInForce(room)));
      return found.filter((room) => room !== undefined);
    }
  }

  /** Throws not-found, or what the stores throw when neither can tell. */
  async read(room: RoomId): Promise<DeskRoom> {
    const row = await this.#readRow(room);
    if (row !== undefined) return this.#reportOrTell(row);
    const found = await this.#readInForce(room);
    if (found === undefined) throw recovering();
    return found;
  }

  /** Throws not-found. */
  async mustKnow(room: RoomId): Promise<void> {
    if (!this.#versions.has(room)) await this.#readRow(room);
  }

  /** Throws ProblemError for every refusal. */
  async change(change: RoomChange): Promise<DeskRoom> {
    try {
      return await this.#save(change);
    } catch (error) {
      if (!isUnavailable(error) || !mayBrake(change.patch)) throw error;
      return this.#brake(change, error);
    }
  }

  /** One round over all rooms that are not over: what is not saved is saved, what is not in force is put in force. */
  async reconcile(): Promise<void> {
    const rows = await listLivingRooms(this.#options.pool);
    const known = new Set(rows.map(({ room }) => room));
    for (const room of this.#versions.keys()) if (!known.has(room)) this.#versions.delete(room);
    for (const row of rows) await this.#settle(row).catch(this.#options.onError);
  }

  async #save(change: RoomChange): Promise<DeskRoom> {
    const { pool, connection, onChange, onError } = this.#options;
    const { room, version, patch, act } = change;
    if (this.#unsaved.has(room)) await this.#settleRow(room);
    const saving = changeRoom(pool, { room, version, patch, ...act });
    let changed = await (mayBrake(patch) ? within(this.#saveMs, saving) : saving);
    if (!changed.ok && changed.refusal.kind === 'phase-not-allowed' && changed.refusal.from === 'scheduled' && patch.phase === 'paused') {
      // The room may have opened by itself a moment ago; that is saved first, by the way.
      const opened = await this.#settleRow(room);
      if (opened?.phase === 'open' && opened.version === version + 1) changed = await changeRoom(pool, { room, version: opened.version, patch, ...act });
    }
    if (!changed.ok) throw problemOfChange(changed.refusal);
    onChange(room);
    const word = await configure(connection, changed.value).catch((error: unknown) => {
      if (!(error instanceof RoomUnreachable)) throw error;
      onError(error);
      return undefined;
    });
    if (word === 'configured') {
      this.#versions.set(room, changed.value.version);
      return { settings: changed.value, inForce: true, saved: true, report: null };
    }
    return word === undefined ? { settings: changed.value, inForce: false, saved: true, report: null } : this.#reportOrTell(changed.value);
  }

  /** `away`: what MySQL failed with, thrown when the change is more than a brake. */
  async #brake({ room, version, patch, act }: RoomChange, away: unknown): Promise<DeskRoom> {
    const gauges = await readGauges(this.#options.connection, room);
    if (gauges.word !== 'gauges' || gauges.fenced) throw recovering();
    const now = gauges.settings as RoomSettings;
    if (now.version !== version) throw versionConflict(now.version);
    const wanted = brakeOf(patch, { ...now, phase: gauges.phase });
    if (wanted === undefined) throw away;
    if (Object.keys(wanted).length === 0) return { settings: now, inForce: true, saved: !this.#unsaved.has(room), report: null };
    const acts = this.#unsaved.get(room) ?? [];
    if (acts.length >= UNSAVED_PER_ROOM_MAX) throw new ProblemError('overloaded');
    const braked: RoomSettings = { ...now, ...wanted, version: version + 1 };
    const word = await configure(this.#options.connection, braked);
    if (word === 'older' || word === 'unchanged') throw versionConflict(version + 1);
    if (word !== 'configured') throw recovering();
    this.#versions.set(room, braked.version);
    this.#unsaved.set(room, [...(this.#unsaved.get(room) ?? []), act]);
    this.#options.onChange(room);
    return { settings: braked, inForce: true, saved: false, report: null };
  }

  /** The row; undefined while MySQL is away and the room is known. Throws not-found. */
  async #readRow(room: RoomId): Promise<RoomSettings | undefined> {
    try {
      const row = await within(this.#saveMs, readRoom(this.#options.pool, room));
      if (row === undefined) throw new ProblemError('not-found');
      if (!this.#versions.has(room)) this.#versions.set(room, undefined);
      return row;
    } catch (error) {
      if (isUnavailable(error) && this.#versions.has(room)) return undefined;
      throw error;
    }
  }

  async #readInForce(room: RoomId): Promise<DeskRoom | undefined> {
    const gauges = await readGauges(this.#options.connection, room);
    if (gauges.word !== 'gauges') return undefined;
    this.#options.onReading(room, gauges);
    return { settings: gauges.settings as RoomSettings, inForce: !gauges.fenced, saved: false, report: null };
  }

  /** Whether this version was seen in force. Otherwise somebody is changing the room, here or in another process, and Redis has to be asked. */
  #isSettled({ room, version }: RoomSettings): boolean {
    return !this.#unsaved.has(room) && this.#versions.get(room) === version;
  }

  async #settleRow(room: RoomId): Promise<RoomSettings | undefined> {
    const row = await this.#readRow(room);
    return row === undefined ? undefined : (await this.#settle(row)).settings;
  }

  async #reportOrTell(row: RoomSettings): Promise<DeskRoom> {
    const report = await within(this.#saveMs, readRoomReport(this.#options.pool, row)).catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      return undefined;
    });
    return report === undefined ? this.#settleOrTell(row) : over(row, report);
  }

  async #settleOrTell(row: RoomSettings): Promise<DeskRoom> {
    try {
      const { settings, inForce } = await this.#settle(row);
      return { settings, inForce, saved: true, report: null };
    } catch (error) {
      this.#options.onError(error);
      return { settings: row, inForce: false, saved: true, report: null };
    }
  }

  async #settle(saved: RoomSettings): Promise<Reconciled> {
    const { room } = saved;
    const acts = this.#unsaved.get(room) ?? [];
    const done = await reconcileRoom(this.#options, saved, acts);
    if (done.gauges !== undefined) this.#options.onReading(room, done.gauges);
    this.#versions.set(room, done.inForce ? done.settings.version : done.gauges?.settings.version);
    if (done.inForce) this.#forget(room, acts.length);
    if (done.settings !== saved) this.#options.onChange(room);
    return done;
  }

  #forget(room: RoomId, count: number): void {
    const left = this.#unsaved.get(room)?.slice(count) ?? [];
    if (left.length === 0) this.#unsaved.delete(room);
    else this.#unsaved.set(room, left);
  }
}

const over = (settings: RoomSettings, report: RoomReport): DeskRoom => ({ settings, inForce: true, saved: true, report });
