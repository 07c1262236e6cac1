import type { SeatDelta, SeatMapReply } from '@onsale/contract';
import { afterClose } from '../shared/page-state/reconnect.ts';
import { BOOKING, call } from '../shared/api.ts';

export type FeedNews = {
  /** Version the page stands at; null: the whole state is wanted. */
  readonly version: () => number | null;
  readonly onSeats: (reply: SeatMapReply | SeatDelta) => void;
  readonly onLink: (link: 'socket' | 'polling' | 'stale') => void;
  /** The server says that the session is over. */
  readonly onOver: () => void;
};

const POLL_MS = 2_000;
const POLL_FAILED_MS = 4_000;
const STALE_AFTER_FAILURES = 3;
const SILENCE_MS = 60_000;
const OVER: readonly string[] = ['no-session', 'session-ended'];

/**
 * Changes of the seats: by socket, and by polling while there is none. A poll says which version it has, so that an unchanged
 * map costs a 304 and a changed one its changes only.
 */
export class SeatFeed {
  readonly #show: string;
  readonly #news: FeedNews;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reconnect: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #failures = 0;
  #asking = false;
  #stopped = false;
  #heardAt = 0;

  constructor(show: string, news: FeedNews) {
    this.#show = show;
    this.#news = news;
  }

  start(): void {
    this.#open();
    void this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#reconnect);
    this.#socket?.close();
    this.#socket = null;
  }

  askNow(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    void this.#poll();
  }

  askWhole(): void {
    this.askNow();
  }

  #open(): void {
    if (this.#stopped || this.#socket !== null) return;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${BOOKING}/shows/${this.#show}/socket`);
    this.#socket = socket;
    socket.onopen = () => socket.send('{"type":"hello"}');
    socket.onmessage = (event) => this.#heard(String(event.data));
    socket.onclose = (event) => this.#closed(event.code, event.reason);
  }

  #heard(text: string): void {
    const message = JSON.parse(text) as SeatMapReply | SeatDelta | { readonly type: 'problem'; readonly code: string };
    this.#heardAt = performance.now();
    if (message.type === 'problem') return OVER.includes(message.code) ? this.#news.onOver() : undefined;
    this.#attempt = 0;
    this.#failures = 0;
    this.#news.onSeats(message);
    this.#news.onLink('socket');
  }

  #closed(code: number, reason: string): void {
    this.#socket = null;
    if (this.#stopped) return;
    if (code === 4002 || code === 4003) this.#news.onOver();
    const next = afterClose(code, reason, this.#attempt, Math.random());
    this.#attempt += 1;
    this.#news.onLink('polling');
    this.askNow();
    if (next.kind === 'poll-only') return;
    this.#reconnect = setTimeout(() => this.#open(), next.kind === 'reconnect' ? next.delayMs : POLL_FAILED_MS);
  }

  /** With a living socket polls only make sure; without one they are the feed. */
  async #poll(): Promise<void> {
    if (this.#asking || this.#stopped) return;
    this.#asking = true;
    const version = this.#news.version();
    const answer = await call<SeatMapReply | SeatDelta | null>(`${BOOKING}/shows/${this.#show}/seats${version === null ? '' : `?since=${version}`}`, {
      headers: version === null ? {} : { 'if-none-match': `"${version}"` },
    });
    this.#asking = false;
    if (this.#stopped) return;
    const live = this.#socket?.readyState === WebSocket.OPEN && performance.now() - this.#heardAt < SILENCE_MS;
    if (answer.ok) {
      this.#failures = 0;
      if (answer.body !== null) this.#news.onSeats(answer.body);
      if (!live) this.#news.onLink('polling');
    } else {
      this.#failures += 1;
      if (OVER.includes(answer.code)) return this.#news.onOver();
      if (!live && this.#failures >= STALE_AFTER_FAILURES) this.#news.onLink('stale');
    }
    const pause = answer.ok ? (live ? SILENCE_MS / 2 : POLL_MS) : (answer.retryAfterMs ?? POLL_FAILED_MS);
    this.#timer = setTimeout(() => void this.#poll(), document.hidden ? Math.max(pause, SILENCE_MS / 2) : pause);
  }
}
