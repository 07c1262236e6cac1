import type { KeeperNews, SocketKeeper } from './socket-keeper.ts';

/**
 * The socket is no part of the first paint: its code is loaded once it is wanted. Until it is here the page polls, and where it does not come
 * the page goes on polling and tries again when it wakes up.
 */
export class SocketLater {
  readonly #base: string;
  readonly #news: KeeperNews;
  readonly #onHere: () => void;
  #keeper: SocketKeeper | null = null;
  #asked = false;

  constructor(base: string, news: KeeperNews, onHere: () => void) {
    this.#base = base;
    this.#news = news;
    this.#onHere = onHere;
  }

  want(wanted: boolean, receipt: string | null): void {
    if (this.#keeper !== null) this.#keeper.want(wanted, receipt);
    else if (wanted && !this.#asked) void this.#load();
  }

  wake(): void {
    this.#asked = this.#keeper !== null;
    this.#keeper?.wake();
  }

  drop(): void {
    this.#keeper?.drop();
  }

  async #load(): Promise<void> {
    this.#asked = true;
    try {
      const { SocketKeeper } = await import('./socket-keeper.ts');
      this.#keeper ??= new SocketKeeper(this.#base, this.#news);
      this.#onHere();
    } catch {
      // Polling is the truth; the socket is only quicker.
    }
  }
}
