import type { SeatDelta, SeatMapReply } from '@onsale/contract';
import { afterClose } from '../shared/page-state/reconnect.ts';
import { BOOKING, call } from '../shared/api.ts';

export type FeedLink = 'socket' | 'polling' | 'stale';
export type FeedNews = {
  /** Version the page stands at; null: the whole state is wanted. */
  readonly version: () => number | null;
  readonly onSeats: (reply: SeatMapReply | SeatDelta) => void;
  readonly onLink: (link: FeedLink) => void;
  /** The server says that the session is over. */
  readonly onOver: () => void;
};

const POLL_MS = 2_000;
const POLL_FAILED_MS = 4_000;
/** A socket brings what changes, and nothing while nothing does: a poll this often proves that it has not missed anything. */
const PROOF_MS = 15_000;
/** Seats that nobody has confirmed for this long are called out of date. Longer than one lost proof, shorter than two. */
const STALE_MS = 25_000;
const OVER: readonly string[] = ['no-session', 'session-ended'];
/** Once may be a poll that was quicker than the socket's next message; twice in a row is a socket that says nothing. */
const OVERTAKEN_MAX = 2;
/** Asked too often, by other tabs of the same fan: a reason to wait, not a trouble to tell. */
const SILENT: readonly string[] = ['rate-limited'];

/**
 * Changes of the seats: by socket, and by polling while there is none. A poll says which version it has, so that an unchanged map costs a 304
 * and a changed one its changes only. What the page is told of its link follows from the age of what it shows: a quiet map that a poll has
 * just confirmed is live, and a socket that a poll has overtaken is dead, however open it looks.
 */
export class SeatFeed {
  readonly #show: string;
  readonly #news: FeedNews;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reconnect: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #asking = false;
  #stopped = false;
  #resting = false;
  /** The socket has brought something since it was opened. */
  #proved = false;
  #freshAt = -Infinity;
  #overtaken = 0;
  #onFirst: (() => void) | null = null;

  constructor(show: string, news: FeedNews) {
    this.#show = show;
    this.#news = news;
  }

  /** `onFirst`: the first state of the seats is there. */
  start(onFirst: () => void): void {
    this.#onFirst = onFirst;
    this.#open();
    void this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    this.rest();
  }

  /** The page is being left: nothing is kept open. `wake` goes on from here. */
  rest(): void {
    this.#resting = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#reconnect);
    this.#drop();
  }

  wake(): void {
    if (this.#stopped) return;
    this.#resting = false;
    if (this.#socket === null) this.#open();
    this.askNow();
  }

  askNow(): void {
    if (this.#stopped || this.#resting) return;
    clearTimeout(this.#timer);
    void this.#poll();
  }

  /** Told again as time goes by: the page's clock calls it. */
  tellLink(): void {
    const isFresh = performance.now() - this.#freshAt < STALE_MS;
    this.#news.onLink(!isFresh ? 'stale' : this.#isLive() ? 'socket' : 'polling');
  }

  #isLive(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN && this.#proved;
  }

  #open(): void {
    clearTimeout(this.#reconnect);
    if (this.#stopped || this.#resting || this.#socket !== null) return;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${BOOKING}/shows/${this.#show}/socket`);
    this.#socket = socket;
    this.#proved = false;
    socket.onopen = () => socket.send('{"type":"hello"}');
    socket.onmessage = (event) => this.#heard(String(event.data));
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#closed(event.code, event.reason);
    };
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #heard(text: string): void {
    const message = JSON.parse(text) as SeatMapReply | SeatDelta | { readonly type: 'problem'; readonly code: string };
    if (message.type === 'problem') return OVER.includes(message.code) ? this.#news.onOver() : undefined;
    this.#attempt = 0;
    this.#proved = true;
    this.#freshAt = performance.now();
    this.#took(message);
    this.tellLink();
  }

  #took(reply: SeatMapReply | SeatDelta): void {
    this.#news.onSeats(reply);
    this.#onFirst?.();
    this.#onFirst = null;
  }

  #closed(code: number, reason: string): void {
    if (code === 4002 || code === 4003) this.#news.onOver();
    const next = afterClose(code, reason, this.#attempt, Math.random());
    this.#attempt += 1;
    this.tellLink();
    this.askNow();
    if (next.kind === 'poll-only') return;
    this.#reconnect = setTimeout(() => this.#open(), next.kind === 'reconnect' ? next.delayMs : POLL_FAILED_MS);
  }

  /** With a living socket polls only make sure; without one they are the feed. */
  async #poll(): Promise<void> {
    if (this.#asking || this.#stopped || this.#resting) return;
    this.#asking = true;
    const version = this.#news.version();
    const answer = await call<SeatMapReply | SeatDelta | null>(`${BOOKING}/shows/${this.#show}/seats${version === null ? '' : `?since=${version}`}`, {
      headers: version === null ? {} : { 'if-none-match': `"${version}"` },
    });
    this.#asking = false;
    if (this.#stopped || this.#resting) return;
    if (answer.ok) this.#confirmed(answer.body, version);
    else if (OVER.includes(answer.code)) return this.#news.onOver();
    else if (!SILENT.includes(answer.code)) this.tellLink();
    const live = this.#isLive();
    const pause = answer.ok ? (live ? PROOF_MS : POLL_MS) : (answer.retryAfterMs ?? POLL_FAILED_MS);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), document.hidden ? Math.max(pause, PROOF_MS) : pause);
  }

  #confirmed(body: SeatMapReply | SeatDelta | null, asked: number | null): void {
    // The page knew less than the server when it asked, and still does: the socket has let a change pass.
    const overtaken = asked !== null && body !== null && body.version > (this.#news.version() ?? body.version) && this.#isLive();
    this.#freshAt = performance.now();
    if (body !== null) this.#took(body);
    this.#overtaken = overtaken ? this.#overtaken + 1 : 0;
    if (this.#overtaken >= OVERTAKEN_MAX) {
      this.#overtaken = 0;
      this.#drop();
      this.#open();
    }
    this.tellLink();
  }
}
