import type { EntryReply, Frame, PlaceReply, RoomReply } from '@onsale/contract';
import { ADMISSION, call, type Answer, type Refusal } from '../shared/api.ts';
import { forget, keep, kept } from '../shared/kept.ts';
import { watchLife, type Waking } from '../shared/lifecycle.ts';
import { enterBooking } from './enter-booking.ts';
import { earliest, planOf } from './page-state/plan.ts';
import { learn, startState, type Busy, type News, type QueueState } from './page-state/queue-state.ts';
import { SocketKeeper } from './socket-keeper.ts';

/** What this device keeps of a place: the receipt restores it, the rest is for the picture. */
type Kept = { readonly receipt?: string; readonly place?: number; readonly firstAhead?: number | null; readonly gone?: boolean };

const TIMER_MS_MAX = 30_000;
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
  readonly #keeper: SocketKeeper;
  readonly #random = Math.random();
  #kept: Kept;
  #state: QueueState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #resting = false;

  constructor(room: string, onChange: (state: QueueState) => void) {
    this.#base = `${ADMISSION}/rooms/${room}`;
    this.#storeKey = `room:${room}`;
    this.#onChange = onChange;
    this.#kept = kept<Kept>(this.#storeKey) ?? {};
    this.#state = startState(this.#kept.gone === true ? 'gone' : 'stand', this.#kept.firstAhead ?? null);
    this.#keeper = new SocketKeeper(room, {
      onFrame: (frame) => this.#tell({ kind: 'frame', frame }),
      onMe: (me) => this.#tell({ kind: 'me', me }),
      onLive: (live) => this.#tell({ kind: 'link', link: live ? 'socket' : 'polling' }),
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
    this.#schedule();
  }

  /** Takes a place because the fan pressed: a new one, at the end. */
  async join(): Promise<void> {
    this.#tell({ kind: 'intent', intent: 'stand' });
    this.#dropPlace({ kind: 'no-place' });
    this.#tell({ kind: 'press', what: 'join' });
    const answer = await this.#takePlace();
    this.#pressed(answer);
    if (answer.ok) this.#tell({ kind: 'me', me: answer.body });
  }

  async comeBack(): Promise<void> {
    const answer = await this.#press<PlaceReply>('return', '/places/me/return', 'POST');
    if (answer.ok) this.#tell({ kind: 'me', me: answer.body });
    else await this.#askPlace();
  }

  async leave(): Promise<void> {
    const answer = await this.#press('leave', '/places/me', 'DELETE');
    if (!answer.ok && answer.code !== 'place-ended' && !UNKNOWN_CODES.includes(answer.code)) return;
    this.#dropPlace({ kind: 'no-place' });
    this.#tell({ kind: 'intent', intent: 'gone' });
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
    this.#keeper.want(me !== null && LISTENING.includes(me.state), this.#kept.receipt ?? null);
    const due = earliest(planOf(this.#state, document.hidden, this.#random, performance.now()));
    if (due === Infinity || this.#asking) return;
    this.#timer = setTimeout(() => void this.#step(), Math.min(TIMER_MS_MAX, Math.max(0, due - performance.now())));
  }

  async #step(): Promise<void> {
    const now = performance.now();
    const plan = planOf(this.#state, document.hidden, this.#random, now);
    if (this.#asking || earliest(plan) > now) return this.#schedule();
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
    this.#tell(answer.ok ? { kind: 'room', room: answer.body } : failed(answer));
  }

  async #askPlace(): Promise<void> {
    this.#tell({ kind: 'asked' });
    const answer = await call<PlaceReply>(`${this.#base}/places/me`, { headers: this.#proof() });
    if (answer.ok) this.#tell({ kind: 'me', me: answer.body });
    else if (answer.code === 'place-ended') this.#dropPlace({ kind: 'ended' });
    else if (UNKNOWN_CODES.includes(answer.code)) this.#dropPlace({ kind: 'no-place' });
    else this.#tell(failed(answer));
  }

  async #askFrame(): Promise<void> {
    const answer = await call<Frame>(`${this.#base}/frame`);
    this.#tell(answer.ok ? { kind: 'frame', frame: answer.body } : failed(answer));
  }

  async #joinUnasked(): Promise<void> {
    const answer = await this.#takePlace();
    if (answer.ok) return this.#tell({ kind: 'me', me: answer.body });
    this.#tell(failed(answer));
    if (answer.code === 'room-not-open') await this.#askRoom();
  }

  /** The cookie first: it is the identity that the place belongs to. Tabs take turns, so that they end up with the same one. */
  async #takePlace(): Promise<Answer<PlaceReply>> {
    const take = async (): Promise<Answer<PlaceReply>> => {
      const device = await call<null>(`${ADMISSION}/device`, { method: 'POST', body: {} });
      return device.ok ? call<PlaceReply>(`${this.#base}/places`, { method: 'POST', body: {} }) : device;
    };
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
    this.#tell(news);
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
