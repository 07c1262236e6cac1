import { watchLife } from './lifecycle.ts';

/**
 * The tabs of one browser on one matter. One leads: it alone asks the server and holds the socket, and tells the others what it learns; they
 * show it. So six tabs of one fan cost what one does, and stay below a server's limits for one fan. The lead is a Web Lock: it passes on by
 * itself however a tab ends. A tab that comes into sight takes it, because a hidden one is slowed down by the browser. Where a browser has no
 * locks or channels (plain http outside localhost), every tab leads.
 */
export type TabsNews<Message> = {
  readonly onMessage: (message: Message) => void;
  readonly onLead: (leads: boolean) => void;
};

export class Tabs<Message> {
  readonly #name: string;
  readonly #news: TabsNews<Message>;
  readonly #locks = navigator.locks as LockManager | undefined;
  #channel: BroadcastChannel | null = null;
  #release: (() => void) | null = null;
  #leads: boolean;
  #resting = false;
  /** Counts claims: one that a later claim has replaced says nothing any more. */
  #claims = 0;

  constructor(name: string, news: TabsNews<Message>) {
    this.#name = `onsale:${name}`;
    this.#news = news;
    this.#leads = !this.#canShare();
  }

  get leads(): boolean {
    return this.#leads;
  }

  start(): void {
    if (!this.#canShare()) return;
    this.#listen();
    this.#claim(!document.hidden);
    watchLife({
      wake: () => {
        this.#resting = false;
        this.#listen();
        if (!this.#leads) this.#claim(true);
      },
      rest: () => this.#rest(),
    });
  }

  tell(message: Message): void {
    this.#channel?.postMessage(message);
  }

  /** The leader has fallen silent: this tab does it instead. */
  takeLead(): void {
    if (!this.#leads && !this.#resting) this.#claim(true);
  }

  #canShare(): boolean {
    return this.#locks !== undefined && 'BroadcastChannel' in globalThis;
  }

  #listen(): void {
    if (this.#channel !== null) return;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = (event) => this.#news.onMessage(event.data as Message);
  }

  /** A browser keeps no page in memory that holds a lock or a channel. */
  #rest(): void {
    this.#resting = true;
    this.#claims += 1;
    this.#release?.();
    this.#release = null;
    this.#channel?.close();
    this.#channel = null;
    this.#leads = false;
  }

  #claim(steal: boolean): void {
    const claim = ++this.#claims;
    const hold = (): Promise<void> =>
      new Promise((resolve) => {
        if (claim !== this.#claims) return resolve();
        this.#release = resolve;
        this.#setLead(true);
      });
    // A lock that another tab has taken over rejects: this tab follows, and stands in line for the lock again.
    this.#locks?.request(this.#name, { steal }, hold).catch(() => {
      if (claim !== this.#claims) return;
      this.#release = null;
      this.#setLead(false);
      this.#claim(false);
    });
  }

  #setLead(leads: boolean): void {
    if (this.#leads === leads) return;
    this.#leads = leads;
    this.#news.onLead(leads);
  }
}
