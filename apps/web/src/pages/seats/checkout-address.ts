import type { Mode } from './page-state/booking-state.ts';

/** Checkout has an address of its own: Back leads from it to the seats, and a reload or another language stays there. */
export class CheckoutAddress {
  readonly #seats: string;
  /** The address that the page was opened with has been followed; from then on it follows the page. */
  #followed = false;

  constructor(show: string) {
    this.#seats = `/shows/${show}`;
  }

  show(mode: Mode): void {
    const address = mode === 'checkout' ? `${this.#seats}/pay` : this.#seats;
    if (!this.#followed || location.pathname === address) return;
    if (mode === 'checkout') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  }

  /** The step that the address names and the page is not at; null: nothing to do. */
  step(mode: Mode): 'checkout' | 'held' | null {
    this.#followed = true;
    const paying = location.pathname.endsWith('/pay');
    if (paying && (mode === 'held' || mode === 'swapping')) return 'checkout';
    return !paying && mode === 'checkout' ? 'held' : null;
  }
}
