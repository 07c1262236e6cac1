import type { EntryReply, Frame, PlaceReply, RoomReply } from '@onsale/contract';
import { ADMISSION, call, type Answer, type Refusal } from '../shared/api.ts';
import { forget, keep, kept } from '../shared/kept.ts';
import { watchLife, type Waking } from '../shared/lifecycle.ts';
import { enterBooking } from './enter-booking.ts';
import { earliest, planOf, type Plan } from './page-state/plan.ts';
import { learn, startState, type Busy, type News, type QueueState } from './page-state/queue-state.ts';
import type { KeeperNews } from './socket-keeper.ts';
import { SocketLater } from './socket-later.ts';
import { Tabs } from '../shared/tabs.ts';

/** What this device keeps of a place: the receipt restores it, the rest is for the picture. */
type Kept = { readonly receipt?: string; readonly place?: number; readonly firstAhead?: number | null; readonly gone?: boolean };

/** How late the page may notice that its socket has fallen silent. */
const TIMER_MS_MAX = 5_000;
/** How often cookie and receipt are compared: in line, and once called. */
const COMPARE_MS = { waiting: 60_000, called: 10_000 } as const;
/** A fan who flips between tabs is not a reason to ask each time. */
const WAKE_GAP_MS = 1_500;
/** The server knows no place by this proof: another one may be taken. */
const UNKNOWN_CODES: readonly string[] = ['no-receipt', 'bad-receipt'];
const LISTENING: readonly string[] = ['lobby', 'waiting', 'absent', 'called'];

/** Runs the queue page: asks what the plan says, when it says so, and tells `onChange` of every new state. */
export class QueueDriver {
  readonly #base: string;
  readonly #storeKey: string;
  readonly #onChange: (state: QueueState) => void;
  readonly #keeper: SocketLater;
  readonly #tabs: Tabs<News>;
  readonly #random = Math.random();
  #kept: Kept;
  #state: QueueState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #resting = false;
  #comparedAt = -Infinity;

  constructor(room: string, onChange: (state: QueueState) => void) {
    this.#base = `${ADMISSION}/rooms/${room}`;
    this.#storeKey = `room:${room}`;
    this.#onChange = onChange;
    this.#kept = kept<Kept>(this.#storeKey) ?? {};
    this.#state = startState(this.#kept.gone === true ? 'gone' : 'stand', this.#kept.firstAhead ?? null, this.#kept.place !== undefined);
    const news: KeeperNews = {
      onFrame: (frame) => this.#learned({ kind: 'frame', frame }),
      onMe: (me) => this.#learned({ kind: 'me', me }),
      onLive: (live) => this.#learned({ kind: 'link', link: live ? 'socket' : 'polling' }),
    };
    this.#keeper = new SocketLater(this.#base, news, () => this.#schedule());
    this.#tabs = new Tabs<News>(`room:${room}`, {
      onMessage: (news) => {
        if (news.kind === 'no-place' || news.kind === 'ended') this.#kept = {};
        this.#tell(news);
      },
      onLead: () => this.#schedule(),
    });
  }

  get state(): QueueState {
    return this.#state;
  }

  start(): void {
    watchLife({
      wake: (how) => this.#wake(how),
      rest: () => this.#rest(),
      offline: () => this.#tell({ kind: 'link', link: 'down' }),
    });
    this.#tabs.start();
    this.#schedule();
  }

  /** Takes a place because the fan pressed: a new one, at the end. */
  async join(): Promise<void> {
    this.#learned({ kind: 'intent', intent: 'stand' });
    this.#dropPlace({ kind: 'no-place' });
    this.#tell({ kind: 'press', what: 'join' });
    const answer = await this.#takePlace();
    this.#pressed(answer);
    if (answer.ok) this.#learned({ kind: 'me', me: answer.body });
  }

  async comeBack(): Promise<void> {
    const answer = await this.#press<PlaceReply>('return', '/places/me/return', 'POST');
    if (answer.ok) this.#learned({ kind: 'me', me: answer.body });
    else await this.#askPlace();
  }

  async leave(): Promise<void> {
    const answer = await this.#press('leave', '/places/me', 'DELETE');
    if (!answer.ok && answer.code !== 'place-ended' && !UNKNOWN_CODES.includes(answer.code)) return;
    // In this order: a tab that learned of the lost place alone would take a new one.
    this.#learned({ kind: 'intent', intent: 'gone' });
    this.#dropPlace({ kind: 'no-place' });
  }

  /** Resolves to the shows that are now open to this fan, or null after a refusal, which is then in the state. */
  async enter(): Promise<EntryReply['shows'] | null> {
    this.#tell({ kind: 'press', what: 'enter' });
    const askToken = (): Promise<Answer<EntryReply>> =>
      call<EntryReply>(`${this.#base}/places/me/entry`, { method: 'POST', body: {}, headers: this.#proof() });
    const answer = await enterBooking(askToken, async (kept) => {
      this.#tell({ kind: 'press-late', kept });
      // The scene and its clock follow the place: let in, not called any more.
      if (kept) await this.#askPlace();
    });
    if (answer.ok) return answer.body.shows;
    this.#pressed(answer);
    await this.#askPlace();
    return null;
  }

  #tell(news: News): void {
    this.#state = learn(this.#state, news, performance.now());
    this.#remember();
    this.#onChange(this.#state);
    this.#schedule();
  }

  /** What the other tabs of this browser need not ask for. */
  #learned(news: News): void {
    this.#tell(news);
    this.#tabs.tell(news);
  }

  #remember(): void {
    const { me, intent, firstAhead } = this.#state;
    const next: Kept = {
      ...this.#kept,
      gone: intent === 'gone',
      firstAhead,
      ...(me === null ? {} : { place: me.place }),
      ...(me?.receipt === undefined ? {} : { receipt: me.receipt }),
    };
    if (JSON.stringify(next) === JSON.stringify(this.#kept)) return;
    this.#kept = next;
    keep(this.#storeKey, next);
  }

  #proof(): Record<string, string> {
    return this.#kept.receipt === undefined ? {} : { authorization: `Bearer ${this.#kept.receipt}` };
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#resting) return;
    const { me } = this.#state;
    this.#keeper.want(this.#tabs.leads && me !== null && LISTENING.includes(me.state), this.#kept.receipt ?? null);
    const due = earliest(this.#plan());
    if (due === Infinity || this.#asking) return;
    this.#timer = setTimeout(() => void this.#step(), Math.min(TIMER_MS_MAX, Math.max(0, due - performance.now())));
  }

  #plan(): Plan {
    return planOf(this.#state, document.hidden, this.#random, performance.now(), !this.#tabs.leads);
  }

  async #step(): Promise<void> {
    const now = performance.now();
    const plan = this.#plan();
    if (this.#asking || earliest(plan) > now) return this.#schedule();
    // Whoever has to ask because the leading tab says nothing leads from now on.
    if (this.#state.me !== null) this.#tabs.takeLead();
    this.#asking = true;
    try {
      if (plan.joinAt !== null && plan.joinAt <= now) await this.#joinUnasked();
      else if (plan.roomAt !== null && plan.roomAt <= now) await this.#askRoom();
      else if (plan.meAt !== null && plan.meAt <= now) await this.#askPlace();
      else await this.#askFrame();
    } finally {
      this.#asking = false;
      this.#schedule();
    }
  }

  async #askRoom(): Promise<void> {
    // A place from before a reload is asked for first: the fan sees it at once, whatever phase the room is in.
    const { me, intent, failures } = this.#state;
    if (this.#kept.place !== undefined && me === null && intent === 'stand' && failures === 0) await this.#askPlace();
    const answer = await call<RoomReply>(this.#base);
    if (answer.ok) this.#learned({ kind: 'room', room: answer.body });
    else this.#tell(failed(answer));
  }

  async #askPlace(): Promise<void> {
    this.#tell({ kind: 'asked' });
    const askedAt = performance.now();
    const answer = await this.#lookForPlace();
    // What the socket has said since the question was put is newer than its answer.
    if (answer.ok && (this.#state.me?.at ?? 0) > askedAt) return;
    if (answer.ok) this.#learned({ kind: 'me', me: answer.body });
    else if (answer.code === 'place-ended') this.#dropPlace({ kind: 'ended' });
    else if (UNKNOWN_CODES.includes(answer.code)) this.#dropPlace({ kind: 'no-place' });
    else this.#tell(failed(answer));
  }

  /**
   * The receipt is proof enough in line, but at the door the cookie is asked for. So now and then the cookie alone is asked: when it no longer
   * knows the place, it has been lost or changed. Then this browser gets a new one, which an entry by receipt is tied to instead.
   */
  async #lookForPlace(): Promise<Answer<PlaceReply>> {
    const path = `${this.#base}/places/me`;
    const now = performance.now();
    const pause = this.#state.me?.state === 'called' ? COMPARE_MS.called : COMPARE_MS.waiting;
    if (this.#kept.receipt === undefined || now - this.#comparedAt < pause) return call<PlaceReply>(path, { headers: this.#proof() });
    this.#comparedAt = now;
    const answer = await call<PlaceReply>(path);
    const isKnown = answer.ok && (this.#kept.place === undefined || answer.body.place === this.#kept.place);
    if (isKnown || (!answer.ok && !UNKNOWN_CODES.includes(answer.code))) return answer;
    await this.#takeDevice(() => call<null>(`${ADMISSION}/device`, { method: 'POST', body: {} }));
    if (!navigator.cookieEnabled) this.#tell({ kind: 'device', device: 'refused' });
    return call<PlaceReply>(path, { headers: this.#proof() });
  }

  async #askFrame(): Promise<void> {
    const answer = await call<Frame>(`${this.#base}/frame`);
    if (answer.ok) this.#learned({ kind: 'frame', frame: answer.body });
    else this.#tell(failed(answer));
  }

  async #joinUnasked(): Promise<void> {
    const answer = await this.#takePlace();
    if (answer.ok) return this.#learned({ kind: 'me', me: answer.body });
    this.#tell(failed(answer));
    if (answer.code === 'room-not-open') await this.#askRoom();
  }

  /** The cookie first: it is the identity that the place belongs to. Tabs take turns, so that they end up with the same one. */
  async #takePlace(): Promise<Answer<PlaceReply>> {
    return this.#takeDevice(async (): Promise<Answer<PlaceReply>> => {
      const device = await call<null>(`${ADMISSION}/device`, { method: 'POST', body: {} });
      return device.ok ? call<PlaceReply>(`${this.#base}/places`, { method: 'POST', body: {} }) : device;
    });
  }

  #takeDevice<Reply>(take: () => Promise<Answer<Reply>>): Promise<Answer<Reply>> {
    // Missing on plain http outside localhost.
    const locks = navigator.locks as LockManager | undefined;
    return locks === undefined ? take() : locks.request('onsale-device', take);
  }

  async #press<Body>(what: Busy, path: string, method: 'POST' | 'DELETE'): Promise<Answer<Body>> {
    this.#tell({ kind: 'press', what });
    const answer = await call<Body>(this.#base + path, { method, headers: this.#proof(), ...(method === 'POST' ? { body: {} } : {}) });
    this.#pressed(answer);
    return answer;
  }

  #pressed(answer: Answer<unknown>): void {
    this.#tell(answer.ok ? { kind: 'press-done' } : { ...failed(answer), kind: 'press-failed' });
  }

  #dropPlace(news: News): void {
    forget(this.#storeKey);
    this.#kept = {};
    this.#learned(news);
  }

  #rest(): void {
    this.#resting = true;
    clearTimeout(this.#timer);
    this.#keeper.drop();
    this.#tell({ kind: 'link', link: 'polling' });
  }

  #wake(how: Waking): void {
    this.#resting = false;
    // Back from the seats: whatever was being pressed when the page was left is over.
    if (how === 'kept') this.#tell({ kind: 'press-done' });
    const { trouble, lastAskedAt } = this.#state;
    const tooSoon = performance.now() < Math.max(trouble?.retryAt ?? -Infinity, lastAskedAt + WAKE_GAP_MS);
    if (document.hidden || this.#asking || tooSoon) return this.#schedule();
    this.#keeper.wake();
    if (this.#state.me === null || !LISTENING.includes(this.#state.me.state)) this.#schedule();
    else void this.#askPlace();
  }
}

const failed = (refusal: Refusal): { readonly kind: 'failed'; readonly code: string; readonly retryAfterMs: number | null } => ({
  kind: 'failed',
  code: refusal.code,
  retryAfterMs: refusal.retryAfterMs,
});
