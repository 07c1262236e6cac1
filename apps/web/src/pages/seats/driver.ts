import type { HoldReply, HoldsReply, LayoutReply, SeatDelta, SeatMapReply, SessionReply } from '@onsale/contract';
import { BOOKING, call, freshKey, type Refusal } from '../shared/api.ts';
import { watchLife, type Waking } from '../shared/lifecycle.ts';
import { abandonPayment, makeOrder, openPayment, type Buyer, type OwnOrder } from '../pay/payment.ts';
import { hallOf } from './page-state/hall.ts';
import { idleLeft, learn, startBooking, type BookingState, type Busy, type News } from './page-state/booking-state.ts';
import { keepInTab, keptInTab } from '../shared/kept-in-tab.ts';
import { Tabs } from '../shared/tabs.ts';
import { CheckoutAddress } from './checkout-address.ts';
import { SeatFeed } from './seat-feed.ts';

const SESSION_EVERY_MS = 60_000;
const RETRY_MS = 3_000;
const OVER: readonly string[] = ['no-session', 'session-ended', 'no-identity', 'holder-mismatch', 'token-foreign'];
const MOVES_MS = 1_000;

/** What the tabs of one session tell each other: one must not hold what the other does not see. */
type HoldNews = { readonly kind: 'held'; readonly hold: HoldReply } | { readonly kind: 'released'; readonly id: string };
/** Kept in the tab over a reload and another language. */
type Draft = { readonly chosen: readonly number[]; readonly buyer: Buyer | null };

/** Runs the seat page: reads hall, session and seats, and carries out what the fan presses. Every press is one request at a time. */
export class BookingDriver {
  readonly #show: string;
  readonly #onChange: (state: BookingState) => void;
  readonly #feed: SeatFeed;
  readonly #tabs: Tabs<HoldNews>;
  readonly #address: CheckoutAddress;
  #draft: Draft;
  #state: BookingState = startBooking();
  /** The payment window that this page has opened and not heard of since. */
  #window: { readonly order: OwnOrder; readonly n: number } | null = null;
  /** Counts presses: an answer to one that the page has given up is dropped. */
  #presses = 0;
  readonly #chosenBefore: readonly number[];

  constructor(show: string, onChange: (state: BookingState) => void) {
    this.#show = show;
    this.#onChange = onChange;
    this.#draft = keptInTab<Draft>(`show:${show}`) ?? { chosen: [], buyer: null };
    this.#address = new CheckoutAddress(show);
    this.#chosenBefore = this.#draft.chosen;
    this.#tabs = new Tabs(`show:${show}`, { onMessage: (news) => this.#heard(news), onLead: () => undefined });
    this.#feed = new SeatFeed(show, {
      version: () => (this.#state.needsWhole ? null : (this.#state.seats?.version ?? null)),
      onSeats: (reply: SeatMapReply | SeatDelta) => this.#tell(reply.type === 'seats' ? { kind: 'seats', reply } : { kind: 'delta', reply }),
      onLink: (link) => link !== this.#state.link && this.#tell({ kind: 'link', link }),
      onOver: () => void this.#readSession(),
    });
  }

  get state(): BookingState {
    return this.#state;
  }

  async start(): Promise<void> {
    setInterval(() => this.#watchClocks(), MOVES_MS);
    watchLife({ wake: (how) => void this.#wake(how), rest: () => this.#feed.rest() });
    addEventListener('popstate', () => this.#followAddress());
    this.#tabs.start();
    await this.#begin();
  }

  /** Everything the page stands on; what is away for a moment is asked for again. */
  async #begin(): Promise<void> {
    const answers = await Promise.all([this.#readHall(), this.#readSession()]);
    if (answers.includes('later')) {
      setTimeout(() => void this.#begin(), RETRY_MS * (1 + Math.random()));
      return;
    }
    if (answers.includes('no')) return;
    await this.#readHolds();
    this.#feed.start(() => this.#restore());
    setInterval(() => void this.#readSession(), SESSION_EVERY_MS);
  }

  toggle(seat: number): void {
    this.#tell({ kind: 'toggle', seat });
  }

  clear(): void {
    this.#tell({ kind: 'clear' });
  }

  go(mode: 'held' | 'swapping' | 'checkout'): void {
    this.#tell({ kind: 'go', mode });
  }

  get buyer(): Buyer | null {
    return this.#draft.buyer;
  }

  keepBuyer(buyer: Buyer): void {
    this.#keepDraft({ buyer });
  }

  /** Gives back what another tab of this fan holds besides. */
  async releaseOther(hold: string): Promise<void> {
    const answer = await this.#giveBack(hold);
    if (answer !== null) return this.#refused(answer);
    this.#tell({ kind: 'hold-gone', id: hold });
    this.#tabs.tell({ kind: 'released', id: hold });
  }

  dismiss(): void {
    this.#tell({ kind: 'dismiss' });
  }

  async hold(seats: readonly number[]): Promise<void> {
    const { held } = this.#state;
    if (held !== null) return this.#take('swap', 'PUT', `/shows/${this.#show}/holds/${held.id}`, { seats });
    return this.#take('hold', 'POST', `/shows/${this.#show}/holds`, { seats });
  }

  async holdBest(quantity: number, grade: string | null): Promise<void> {
    return this.#take('best', 'POST', `/shows/${this.#show}/holds`, { bestAvailable: { quantity, ...(grade === null ? {} : { grade }) } });
  }

  async release(): Promise<void> {
    const { held } = this.#state;
    if (held === null) return;
    this.#tell({ kind: 'busy', busy: 'release' });
    const press = this.#press();
    const answer = await this.#giveBack(held.id);
    if (this.#isOver(press)) return;
    if (answer !== null) return this.#refused(answer);
    this.#tell({ kind: 'hold-gone', id: held.id });
    this.#tabs.tell({ kind: 'released', id: held.id });
  }

  /** Null when the hold is over, by this or by itself. */
  async #giveBack(hold: string): Promise<Refusal | null> {
    const answer = await call(`${BOOKING}/shows/${this.#show}/holds/${hold}`, { method: 'DELETE' });
    return answer.ok || answer.code === 'not-found' || answer.code === 'hold-expired' ? null : answer;
  }

  /** Makes the order and opens the payment window; the browser then leaves this page. After a refusal the order's own page takes over. */
  async pay(buyer: Buyer): Promise<void> {
    const { held } = this.#state;
    if (held === null) return;
    this.#tell({ kind: 'busy', busy: 'pay' });
    const press = this.#press();
    // One order per hold: pressing again after a lost answer is the same order.
    const order = await makeOrder(this.#show, held.id, buyer, `order-${held.id}`);
    if (this.#isOver(press)) return;
    if (!order.ok) return this.#refused(order);
    const own = { id: order.body.id, key: order.body.orderKey ?? null };
    const opened = await openPayment(own, buyer, (n) => (this.#window = { order: own, n }));
    if (!opened.ok && !this.#isOver(press)) location.assign(`/orders/${order.body.id}?said=${opened.code}`);
  }

  /** Ends the session: the slot goes to the next fan. */
  async leave(): Promise<void> {
    this.#tell({ kind: 'busy', busy: 'leave' });
    const press = this.#press();
    const answer = await call(`${BOOKING}/entry`, { method: 'DELETE' });
    if (this.#isOver(press)) return;
    if (!answer.ok && !OVER.includes(answer.code)) return this.#refused(answer);
    this.#feed.stop();
    this.#tell({ kind: 'session-over', code: 'session-ended' });
  }

  #tell(news: News): void {
    const before = this.#state;
    this.#state = learn(before, news, performance.now());
    if (this.#state.needsWhole && !before.needsWhole) this.#feed.askNow();
    if (this.#state.mode === 'ended' || this.#state.mode === 'no-session') this.#feed.stop();
    if (this.#state.chosen !== before.chosen && this.#state.mode !== 'loading') this.#keepDraft({ chosen: this.#state.chosen });
    if (this.#state.mode !== before.mode) this.#address.show(this.#state.mode);
    this.#onChange(this.#state);
  }

  #keepDraft(change: Partial<Draft>): void {
    this.#draft = { ...this.#draft, ...change };
    keepInTab(`show:${this.#show}`, this.#draft);
  }

  /** Seats that were chosen before a reload, and the step of the purchase that the address names. */
  #restore(): void {
    if (this.#state.held === null) this.#tell({ kind: 'restore', seats: this.#chosenBefore });
    this.#followAddress();
  }

  #followAddress(): void {
    const step = this.#address.step(this.#state.mode);
    if (step === null) this.#address.show(this.#state.mode);
    else this.#tell({ kind: 'go', mode: step });
  }

  #heard(news: HoldNews): void {
    const { held, busy } = this.#state;
    if (news.kind === 'held') this.#tell({ kind: 'hold-seen', hold: news.hold });
    else if (held?.id !== news.id || busy === null) this.#tell({ kind: 'hold-gone', id: news.id });
  }

  async #take(busy: Busy, method: 'POST' | 'PUT', path: string, body: object): Promise<void> {
    this.#tell({ kind: 'busy', busy });
    const press = this.#press();
    const headers = { 'idempotency-key': freshKey() };
    let answer = await call<HoldReply>(BOOKING + path, { method, headers, body });
    // An answer that was lost on the way is asked for again under the same key: it is the same hold.
    if (!answer.ok && answer.code === 'offline') answer = await call<HoldReply>(BOOKING + path, { method, headers, body });
    if (this.#isOver(press)) return;
    if (!answer.ok) return this.#refused(answer);
    this.#tell({ kind: 'held', hold: answer.body });
    this.#tabs.tell({ kind: 'held', hold: answer.body });
    void this.#readSession();
  }

  #refused(refusal: Refusal): void {
    const offers = Array.isArray(refusal.problem['alternatives']) ? refusal.problem['alternatives'].map(numbers).filter((set) => set.length > 0) : [];
    if (refusal.code === 'not-found' && this.#state.held !== null) return this.#tell({ kind: 'ran-out' });
    this.#tell({ kind: 'refused', code: refusal.code, seats: numbers(refusal.problem['seats']), offers });
    if (refusal.code === 'seat-taken') this.#feed.askNow();
  }

  async #readHall(): Promise<Reading> {
    const answer = await call<LayoutReply>(`${BOOKING}/shows/${this.#show}/layout`, { cache: 'default' });
    if (answer.ok) this.#tell({ kind: 'hall', hall: hallOf(answer.body) });
    else if (answer.status === 404) this.#tell({ kind: 'away' });
    return answer.ok ? 'yes' : answer.status === 404 ? 'no' : 'later';
  }

  async #readSession(): Promise<Reading> {
    const answer = await call<SessionReply>(`${BOOKING}/entry`);
    if (answer.ok) this.#tell({ kind: 'session', session: answer.body });
    else if (OVER.includes(answer.code)) this.#tell({ kind: 'session-over', code: answer.code === 'session-ended' ? 'session-ended' : 'no-session' });
    return answer.ok ? 'yes' : OVER.includes(answer.code) ? 'no' : 'later';
  }

  async #readHolds(): Promise<void> {
    const answer = await call<HoldsReply>(`${BOOKING}/shows/${this.#show}/holds/mine`);
    if (answer.ok) this.#tell({ kind: 'holds', holds: answer.body.holds.filter(({ state, remainingMs }) => state === 'live' && remainingMs > 0) });
  }

  /** Deadlines are the server's; when one has passed here, the server is asked before the fan is told. */
  #watchClocks(): void {
    const { held, others, session, mode, busy } = this.#state;
    const now = performance.now();
    if (mode !== 'loading') this.#feed.tellLink();
    for (const { id, until } of others) if (now > until) this.#tell({ kind: 'hold-gone', id });
    if (held !== null && now > held.until && busy === null) this.#tell({ kind: 'ran-out' });
    if (idleLeft(this.#state, now) === 0) void this.#readSession();
    if (session !== null && now > session.until && mode !== 'ended') this.#tell({ kind: 'session-over', code: 'session-ended' });
  }

  #press(): number {
    this.#presses += 1;
    return this.#presses;
  }

  #isOver(press: number): boolean {
    return press !== this.#presses;
  }

  /** Whatever was being pressed when the page was left is over; what became of it, the server is asked. */
  async #wake(how: Waking): Promise<void> {
    if (how === 'kept' && this.#state.busy !== null) {
      this.#press();
      this.#tell({ kind: 'busy', busy: null });
      if (this.#window !== null) return this.#backFromWindow(this.#window);
    }
    if (this.#state.mode === 'ended' || this.#state.mode === 'no-session') return;
    this.#feed.wake();
    await this.#readSession();
    if (this.#state.busy === null) await this.#readHolds();
  }

  /** Brought back from the payment window by Back: the order is made, and goes on at its own page. */
  async #backFromWindow({ order, n }: { readonly order: OwnOrder; readonly n: number }): Promise<void> {
    this.#window = null;
    await abandonPayment(order, n);
    location.replace(`/orders/${order.id}?said=cancelled`);
  }
}

/** Known, or never to be known here, or to be asked for again. */
type Reading = 'yes' | 'no' | 'later';

const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.filter((entry): entry is number => Number.isInteger(entry)) : []);
