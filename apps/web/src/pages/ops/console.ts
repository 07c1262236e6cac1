import type { AuditReply, GaugesHistoryReply, GaugesMessage, RoomPatch, ShowLimitsPatch, ShowLimitsReply } from '@onsale/contract';
import { call, type Answer, type CallOptions, type Refusal } from '../shared/api.ts';
import { watchLife } from '../shared/lifecycle.ts';
import { GaugesFeed } from './gauges-feed.ts';
import { addSample, withPast, type Sample } from './page-state/series.ts';
import { withLatest } from './page-state/told-changes.ts';
import type { RoomView } from './page-state/knobs.ts';

export const OPS = '/api/ops';
export type Act = {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly cause: string;
  readonly action: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
};
export type Conflict = { readonly seen: RoomView; readonly now: RoomView; readonly patch: RoomPatch };
export type Outcome =
  { readonly kind: 'done'; readonly version: number } | { readonly kind: 'refused'; readonly code: string; readonly detail: string | null };

export type ConsoleState = {
  readonly name: string | null;
  readonly signingIn: boolean;
  readonly problem: string | null;
  readonly rooms: readonly RoomView[] | null;
  /** Why there are none to show. */
  readonly roomsProblem: string | null;
  readonly room: RoomView | null;
  readonly samples: readonly Sample[];
  readonly link: 'socket' | 'polling';
  readonly figuresProblem: string | null;
  readonly busy: boolean;
  readonly outcome: Outcome | null;
  readonly conflict: Conflict | null;
  /** Limits of the room's shows; none until they are read. */
  readonly shows: readonly ShowLimitsReply[];
  readonly log: readonly Act[];
  readonly logNext: number | null;
  readonly audit: AuditReply | null;
  readonly auditing: boolean;
};

const START: ConsoleState = {
  name: null,
  signingIn: false,
  problem: null,
  rooms: null,
  roomsProblem: null,
  room: null,
  samples: [],
  link: 'polling',
  figuresProblem: null,
  busy: false,
  outcome: null,
  conflict: null,
  shows: [],
  log: [],
  logNext: null,
  audit: null,
  auditing: false,
};
const AUDIT_EVERY_MS = 30_000;
const ROOM_EVERY_MS = 5_000;

/** The console's talk with ops. The token is a field of this object and stands nowhere else: a reload forgets it. */
export class OpsConsole {
  readonly #onChange: (state: ConsoleState) => void;
  #state = START;
  #token: string | null = null;
  #feed: GaugesFeed | null = null;
  #editing = false;
  /** Changes and reads of the rooms are numbered as they are asked; an answer that is older than what was told already is dropped. */
  #asked = 0;
  #told = 0;
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(onChange: (state: ConsoleState) => void) {
    this.#onChange = onChange;
    watchLife({ wake: () => this.#wake(), rest: () => this.#feed?.rest() });
  }

  #wake(): void {
    this.#feed?.wake();
    const room = this.#state.room?.room;
    if (room !== undefined) void this.#readPast(room);
  }

  get state(): ConsoleState {
    return this.#state;
  }

  async signIn(name: string, password: string): Promise<void> {
    this.#change({ signingIn: true, problem: null });
    const answer = await call<{ token: string; name: string }>(`${OPS}/sessions`, { method: 'POST', body: { name, password } });
    if (!answer.ok) return this.#change({ signingIn: false, problem: answer.code });
    this.#token = answer.body.token;
    this.#change({ signingIn: false, name: answer.body.name });
    await this.#readRooms();
    const only = this.#state.rooms?.[0];
    if (only !== undefined && this.#state.room === null) this.openRoom(only.room);
    this.#timers = [
      setInterval(() => void Promise.all([this.#readRooms(), this.readLog()]), ROOM_EVERY_MS),
      setInterval(() => void this.runAudit(), AUDIT_EVERY_MS),
    ];
    void this.runAudit();
  }

  async signOut(): Promise<void> {
    await this.#call(`${OPS}/sessions`, { method: 'DELETE' });
    this.#end(null);
  }

  openRoom(room: string): void {
    this.#feed?.stop();
    this.#change({
      room: this.#state.rooms?.find((entry) => entry.room === room) ?? null,
      samples: [],
      outcome: null,
      conflict: null,
      shows: [],
      log: [],
      logNext: null,
    });
    this.#feed = new GaugesFeed(`${OPS}/rooms/${room}`, this.#token ?? '', {
      onGauges: (gauges: GaugesMessage) => this.#change({ samples: addSample(this.#state.samples, gauges, performance.now()), figuresProblem: null }),
      onProblem: (code) => this.#change({ figuresProblem: code }),
      onLink: (link) => this.#change({ link }),
      onSignedOut: () => this.#end('not-signed-in'),
    });
    this.#feed.start();
    void this.#readPast(room);
    void this.readLog();
    void this.#readShows(room);
  }

  /** Sets it at once, on top of the version this operator has seen. */
  async apply(patch: RoomPatch, cause: string): Promise<void> {
    const seen = this.#state.room;
    if (seen === null) return;
    this.#told = ++this.#asked;
    this.#change({ busy: true, outcome: null, conflict: null });
    const answer = await this.#call<RoomView>(`${OPS}/rooms/${seen.room}`, {
      method: 'PATCH',
      body: { ...patch, ...(cause === '' ? {} : { cause }) },
      headers: { 'if-match': `"${seen.version}"` },
    });
    if (answer.ok) this.#change({ busy: false, room: answer.body, outcome: { kind: 'done', version: answer.body.version } });
    else if (answer.code === 'version-conflict') await this.#conflicted(seen, patch);
    else
      this.#change({
        busy: false,
        outcome: { kind: 'refused', code: answer.code, detail: typeof answer.problem['detail'] === 'string' ? answer.problem['detail'] : null },
      });
    await Promise.all([this.readLog(), this.#readRooms()]);
  }

  /** Gives the code of the refusal; null: in force within a second. */
  async applyLimits(show: string, patch: ShowLimitsPatch, cause: string): Promise<string | null> {
    const room = this.#state.room?.room;
    if (room === undefined) return null;
    this.#change({ busy: true });
    const body = { ...patch, ...(cause === '' ? {} : { cause }) };
    const answer = await this.#call<ShowLimitsReply>(`${OPS}/shows/${show}/limits`, { method: 'PATCH', body });
    this.#change({ busy: false });
    await Promise.all([this.#readShows(room), this.readLog()]);
    return answer.ok ? null : answer.code;
  }

  /** While something is typed the version seen stays the one it was typed against: what others change shows as a conflict. */
  setEditing(editing: boolean): void {
    this.#editing = editing;
  }

  dropConflict(): void {
    this.#change({ conflict: null });
  }

  async readLog(before: number | null = null): Promise<void> {
    const room = this.#state.room?.room;
    if (room === undefined) return;
    const answer = await this.#call<{ records: Act[]; next: number | null }>(
      `${OPS}/rooms/${room}/audit-log?limit=20${before === null ? '' : `&before=${before}`}`,
    );
    if (!answer.ok || room !== this.#state.room?.room) return;
    const { records, next } = answer.body;
    if (before !== null) return this.#change({ log: [...this.#state.log, ...records], logNext: next });
    const log = withLatest(this.#state.log, records);
    this.#change({ log, logNext: log.length > records.length ? this.#state.logNext : next });
  }

  async runAudit(): Promise<void> {
    if (this.#state.auditing) return;
    this.#change({ auditing: true });
    const answer = await this.#call<AuditReply>(`${OPS}/audit`, { timeoutMs: 20_000 });
    this.#change(answer.ok ? { auditing: false, audit: answer.body } : { auditing: false });
  }

  async #conflicted(seen: RoomView, patch: RoomPatch): Promise<void> {
    const now = await this.#call<RoomView>(`${OPS}/rooms/${seen.room}`);
    if (now.ok) this.#change({ busy: false, room: now.body, conflict: { seen, now: now.body, patch } });
    else this.#change({ busy: false, outcome: { kind: 'refused', code: now.code, detail: null } });
  }

  /** So that charts do not begin with the moment somebody looked. */
  async #readPast(room: string): Promise<void> {
    const answer = await this.#call<GaugesHistoryReply>(`${OPS}/rooms/${room}/gauges/history`);
    if (answer.ok && this.#state.room?.room === room) this.#change({ samples: withPast(this.#state.samples, answer.body, performance.now()) });
  }

  async #readShows(room: string): Promise<void> {
    const answer = await this.#call<{ shows: ShowLimitsReply[] }>(`${OPS}/rooms/${room}/shows`);
    if (answer.ok && this.#state.room?.room === room) this.#change({ shows: answer.body.shows });
  }

  async #readRooms(): Promise<void> {
    const asked = ++this.#asked;
    const answer = await this.#call<{ rooms: RoomView[] }>(`${OPS}/rooms`);
    if (asked < this.#told) return;
    this.#told = asked;
    if (!answer.ok) return this.#change({ roomsProblem: answer.code });
    const { rooms } = answer.body;
    const open = rooms.find(({ room }) => room === this.#state.room?.room) ?? this.#state.room;
    this.#change({ rooms, roomsProblem: null, room: this.#state.busy || this.#editing ? this.#state.room : open });
  }

  async #call<Body>(path: string, options: CallOptions = {}): Promise<Answer<Body>> {
    const answer = await call<Body>(path, { ...options, headers: { ...options.headers, authorization: `Bearer ${this.#token ?? ''}` } });
    if (isSignedOut(answer) && this.#token !== null) this.#end('not-signed-in');
    return answer;
  }

  #end(problem: string | null): void {
    this.#token = null;
    this.#feed?.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#state = { ...START, problem };
    this.#onChange(this.#state);
  }

  #change(change: Partial<ConsoleState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onChange(this.#state);
  }
}

const isSignedOut = (answer: Answer<unknown>): answer is Refusal => !answer.ok && answer.code === 'not-signed-in';
