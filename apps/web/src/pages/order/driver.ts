import { CONFIRM_BUDGET_MS, PROXY_MARGIN_MS, type OrderReply, type ReturnReply } from '@onsale/contract';
import { keptOrder } from '../pay/kept-orders.ts';
import { abandonPayment, openPayment, orderHeaders, type OwnOrder } from '../pay/payment.ts';
import { BOOKING, call, type Answer } from '../shared/api.ts';
import { watchLife, type Waking } from '../shared/lifecycle.ts';
import { askAgainIn, elsewhereOf, readReturn, startOrder, type OrderState, type Return } from './page-state/order-state.ts';

const CONFIRM_TRIES = 6;
const CONFIRM_RETRY_MS = 1_500;
/** How often a browser that does not own the order asks how its payment stands; the owner's own page goes on without limit. */
const ELSEWHERE_LOOKS = 20;
const ELSEWHERE_MS = 3_000;
/** A page waits longest of all, so that it reads what the app has to say. */
const CONFIRM_MS = CONFIRM_BUDGET_MS + PROXY_MARGIN_MS + 1_000;

type Proof = Extract<Return, { kind: 'paid' }>;

/** Runs the page of one order: hands the payment's proof to the server once, and then follows the order. */
export class OrderDriver {
  readonly #own: OwnOrder;
  readonly #onChange: (state: OrderState) => void;
  #state: OrderState;
  #back: Return;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The attempt whose window this page has opened and not heard of since. */
  #window: number | null = null;
  /** Counts presses: an answer to one that the page has given up is dropped. */
  #presses = 0;

  constructor(id: string, onChange: (state: OrderState) => void) {
    this.#own = { id, key: keptOrder(id)?.key ?? null };
    this.#onChange = onChange;
    this.#back = takeReturn();
    const said = this.#back.kind === 'paid' ? null : this.#back.said;
    this.#state = startOrder(this.#back.kind === 'paid', said, this.#back.kind === 'failed' ? this.#back.reason : null);
  }

  get state(): OrderState {
    return this.#state;
  }

  async start(): Promise<void> {
    watchLife({ wake: (how) => void this.#wake(how) });
    if (this.#back.kind === 'paid') await this.#confirm(this.#back);
    else if (this.#back.kind === 'failed') await this.#abandon(this.#back.n);
    await this.#read();
  }

  async pay(): Promise<void> {
    this.#change({ busy: 'pay', said: null, reason: null, problem: null });
    const press = ++this.#presses;
    const opened = await openPayment(this.#own, null, (n) => (this.#window = n));
    if (opened.ok || press !== this.#presses) return;
    this.#window = null;
    const said = opened.code === 'cancelled' || opened.code === 'script-failed' ? opened.code : opened.code === 'payment-in-progress' ? 'other-window' : null;
    this.#change({ busy: null, said, problem: said === null ? opened.code : null });
    await this.#read();
  }

  async cancel(): Promise<void> {
    this.#change({ busy: 'cancel' });
    const press = ++this.#presses;
    const answer = await call(this.#address(), { method: 'DELETE', headers: orderHeaders(this.#own.key) });
    if (press !== this.#presses) return;
    this.#change({ busy: null, problem: answer.ok ? null : answer.code });
    await this.#read();
  }

  /** Brought back from the payment window by Back: that window is over, and the fan may pay anew. */
  async #wake(how: Waking): Promise<void> {
    if (how === 'kept' && this.#state.busy !== null) {
      this.#presses += 1;
      const n = this.#window;
      this.#window = null;
      if (n !== null) await abandonPayment(this.#own, n);
      this.#change({ busy: null, said: n === null ? null : 'cancelled' });
    }
    await this.#read();
  }

  async #confirm(back: Proof): Promise<void> {
    const { n, paymentKey, orderId, amount } = back;
    const answer = await untilAnswered(() => this.#post<OrderReply>(`${this.#address()}/payments/${n}/confirm`, { paymentKey, orderId, amount }));
    if (!answer.ok && answer.code === 'not-found') return this.#confirmElsewhere(back);
    if (isAnswer(answer)) forgetReturn();
    const problem = answer.ok || answer.code === 'payment-refused' || answer.code === 'order-state' ? null : answer.code;
    // Approved in a window that a newer one has replaced: nothing can be charged there any more, and the fan must be told why.
    const said = answer.ok ? null : answer.code === 'payment-refused' ? 'refused' : answer.code === 'order-state' ? 'replaced' : null;
    this.#change({ said, reason: null, problem, confirming: false });
  }

  /** The card app came back to another browser than it was called from: the proof is handed over all the same, and how it ended is followed for a while. */
  async #confirmElsewhere({ paymentKey, orderId, amount }: Proof): Promise<void> {
    for (let looks = 1; looks <= ELSEWHERE_LOOKS; looks += 1) {
      const answer = await untilAnswered(() => this.#post<ReturnReply>(`${BOOKING}/payments/confirm`, { paymentKey, orderId, amount }));
      const isKnown = isAnswer(answer);
      if (isKnown) forgetReturn();
      const elsewhere = isKnown ? elsewhereOf(answer.ok ? answer.body.state : answer.code) : null;
      this.#change({ elsewhere, confirming: false, problem: answer.ok ? null : answer.code });
      if (elsewhere !== 'checking') return;
      await wait(ELSEWHERE_MS);
    }
  }

  async #abandon(n: number): Promise<void> {
    forgetReturn();
    const answer = await this.#post(`${this.#address()}/payments/${n}/abandon`, {});
    if (!answer.ok && answer.code === 'not-found') this.#change({ elsewhere: 'refused' });
  }

  readonly #address = (): string => `${BOOKING}/orders/${this.#own.id}`;
  readonly #post = <Body>(path: string, body: object): Promise<Answer<Body>> =>
    call<Body>(path, { method: 'POST', headers: orderHeaders(this.#own.key), body, timeoutMs: CONFIRM_MS });

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#state.confirming || this.#state.elsewhere !== null) return;
    const answer = await call<OrderReply>(this.#address(), { headers: orderHeaders(this.#own.key) });
    if (answer.ok) this.#change({ order: { ...answer.body, at: performance.now() } });
    else if (this.#state.order === null) this.#change({ problem: answer.code });
    const again = askAgainIn(this.#state, performance.now());
    if (again !== null) this.#timer = setTimeout(() => void this.#read(), again);
  }

  #change(change: Partial<OrderState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onChange(this.#state);
  }
}

/**
 * The proof leaves the address bar at once. Until it has been handed over it stays in this entry of the tab's history, which outlives a reload and
 * asks for no storage.
 */
function takeReturn(): Return {
  const back = readReturn(new URLSearchParams(location.search));
  if (location.search !== '') history.replaceState(back.kind === 'plain' ? null : back, '', location.pathname);
  return (history.state as Return | null) ?? back;
}

const forgetReturn = (): void => history.replaceState(null, '', location.pathname);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const isAnswer = (answer: Answer<unknown>): boolean => answer.ok || (answer.status !== 503 && answer.code !== 'offline');

/** Without an answer the same question is put again: confirming twice is confirming once. */
async function untilAnswered<Body>(ask: () => Promise<Answer<Body>>): Promise<Answer<Body>> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (isAnswer(answer) || tries === CONFIRM_TRIES) return answer;
    await wait((answer.ok ? null : answer.retryAfterMs) ?? CONFIRM_RETRY_MS);
  }
}
