import type { OrderReply } from '@onsale/contract';
import { keptOrder, type KeptOrder } from '../pay/kept-orders.ts';
import { openPayment, orderHeaders } from '../pay/payment.ts';
import { BOOKING, call } from '../shared/api.ts';
import { askAgainIn, readReturn, startOrder, type OrderState, type Return } from './page-state/order-state.ts';

const CONFIRM_TRIES = 6;
const CONFIRM_RETRY_MS = 1_500;
const pendingKey = (id: string): string => `onsale:confirm:${id}`;

/** Runs the page of one order: hands the payment's proof to the server once, and then follows the order. */
export class OrderDriver {
  readonly #id: string;
  readonly #kept: KeptOrder | null;
  readonly #onChange: (state: OrderState) => void;
  #state: OrderState;
  #back: Return;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string, onChange: (state: OrderState) => void) {
    this.#id = id;
    this.#onChange = onChange;
    this.#kept = keptOrder(id);
    this.#back = this.#takeReturn();
    const said = this.#back.kind === 'paid' ? null : this.#back.said;
    this.#state = startOrder(this.#kept !== null, this.#back.kind === 'paid', said, this.#back.kind === 'failed' ? this.#back.reason : null);
  }

  get state(): OrderState {
    return this.#state;
  }

  async start(): Promise<void> {
    document.addEventListener('visibilitychange', () => !document.hidden && void this.#read());
    if (this.#kept === null) return;
    if (this.#back.kind === 'paid') await this.#confirm(this.#back);
    else if (this.#back.kind === 'failed') await this.#post(`/payments/${this.#back.n}/abandon`, {});
    await this.#read();
  }

  async pay(): Promise<void> {
    if (this.#kept === null) return;
    this.#change({ busy: 'pay', said: null, reason: null, problem: null });
    const opened = await openPayment(this.#kept, null);
    if (opened.ok) return;
    const said = opened.code === 'cancelled' || opened.code === 'script-failed' ? opened.code : opened.code === 'payment-in-progress' ? 'other-window' : null;
    this.#change({ busy: null, said, problem: said === null ? opened.code : null });
    await this.#read();
  }

  async cancel(): Promise<void> {
    if (this.#kept === null) return;
    this.#change({ busy: 'cancel' });
    const answer = await call(`${BOOKING}/orders/${this.#id}`, { method: 'DELETE', headers: orderHeaders(this.#kept.key) });
    this.#change({ busy: null, problem: answer.ok ? null : answer.code });
    await this.#read();
  }

  /** The proof leaves the address bar at once; until it has been handed over, this tab keeps it over a reload. */
  #takeReturn(): Return {
    const back = readReturn(new URLSearchParams(location.search));
    if (location.search !== '') history.replaceState(null, '', location.pathname);
    try {
      if (back.kind === 'paid') sessionStorage.setItem(pendingKey(this.#id), JSON.stringify(back));
      const pending = sessionStorage.getItem(pendingKey(this.#id));
      return pending === null ? back : (JSON.parse(pending) as Return);
    } catch {
      return back;
    }
  }

  async #confirm(back: Extract<Return, { kind: 'paid' }>): Promise<void> {
    const { n, paymentKey, orderId, amount } = back;
    for (let tries = 1; tries <= CONFIRM_TRIES; tries += 1) {
      const answer = await this.#post(`/payments/${n}/confirm`, { paymentKey, orderId, amount });
      // Without an answer the same question is put again: confirming twice is confirming once.
      if (answer.ok || (answer.status !== 503 && answer.code !== 'offline')) {
        const problem = answer.ok || answer.code === 'payment-refused' || answer.code === 'order-state' ? null : answer.code;
        this.#change({ said: !answer.ok && answer.code === 'payment-refused' ? 'refused' : null, reason: null, problem });
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, answer.retryAfterMs ?? CONFIRM_RETRY_MS));
    }
    try {
      sessionStorage.removeItem(pendingKey(this.#id));
    } catch {
      // Nothing was kept.
    }
    this.#change({ confirming: false });
  }

  #post(path: string, body: object) {
    return call<OrderReply | null>(`${BOOKING}/orders/${this.#id}${path}`, {
      method: 'POST',
      headers: orderHeaders(this.#kept?.key ?? ''),
      body,
      timeoutMs: 40_000,
    });
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#kept === null || this.#state.confirming) return;
    const answer = await call<OrderReply>(`${BOOKING}/orders/${this.#id}`, { headers: orderHeaders(this.#kept.key) });
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
