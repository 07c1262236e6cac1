import type { Frame, PlaceReply } from '@onsale/contract';
import { afterClose } from '../shared/page-state/reconnect.ts';
import { openPlaceSocket, type PlaceSocket } from './place-socket.ts';

export type KeeperNews = {
  readonly onFrame: (frame: Frame) => void;
  readonly onMe: (me: PlaceReply) => void;
  /** Live again, or lost: the page polls until it is live. */
  readonly onLive: (live: boolean) => void;
};

const ASK_PLACE_FIRST_MS = 5_000;

/** Keeps one socket open while it is wanted, and comes back after a close as the close code advises. */
export class SocketKeeper {
  readonly #base: string;
  readonly #news: KeeperNews;
  #socket: PlaceSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #never = false;
  #waiting = false;

  constructor(base: string, news: KeeperNews) {
    this.#base = base;
    this.#news = news;
  }

  want(wanted: boolean, receipt: string | null): void {
    if (!wanted) return this.drop();
    if (this.#socket === null && !this.#waiting && !this.#never) this.#open(receipt);
  }

  /** The page woke up or the network is back: do not sit out a long delay. */
  wake(): void {
    clearTimeout(this.#timer);
    this.#waiting = false;
  }

  drop(): void {
    this.wake();
    this.#socket?.close();
    this.#socket = null;
    this.#proved = false;
  }

  #open(receipt: string | null): void {
    this.#socket = openPlaceSocket(this.#base, receipt, {
      onOpen: () => undefined,
      onFrame: (frame) => {
        this.#live();
        this.#news.onFrame(frame);
      },
      onMe: (me) => {
        this.#live();
        this.#news.onMe(me);
      },
      onClose: (code, reason) => this.#closed(code, reason),
    });
  }

  /** Only a message proves a socket: a proxy may accept it and then say nothing. */
  #live(): void {
    if (this.#attempt === 0 && this.#proved) return;
    this.#attempt = 0;
    this.#proved = true;
    this.#news.onLive(true);
  }
  #proved = false;

  #closed(code: number, reason: string): void {
    this.#socket = null;
    this.#proved = false;
    const next = afterClose(code, reason, this.#attempt, Math.random());
    this.#attempt += 1;
    this.#never = next.kind === 'poll-only';
    this.#waiting = true;
    const delay = next.kind === 'reconnect' ? next.delayMs : ASK_PLACE_FIRST_MS;
    this.#timer = setTimeout(() => {
      this.#waiting = false;
      this.#news.onLive(false);
    }, delay);
    this.#news.onLive(false);
  }
}
