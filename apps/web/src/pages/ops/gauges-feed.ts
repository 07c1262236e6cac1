import type { GaugesMessage } from '@onsale/contract';
import { afterClose } from '../shared/page-state/reconnect.ts';
import { call } from '../shared/api.ts';

export type FeedNews = {
  readonly onGauges: (gauges: GaugesMessage) => void;
  readonly onProblem: (code: string) => void;
  readonly onLink: (link: 'socket' | 'polling') => void;
  readonly onSignedOut: () => void;
};

const POLL_MS = 1_000;
const SILENCE_MS = 5_000;
/** Operators are few: they need not spread over half a minute as a crowd does. */
const RECONNECT_MS_MAX = 3_000;

/** Gauges of one room, once a second: pushed by the socket, asked for while it is silent. */
export class GaugesFeed {
  readonly #path: string;
  readonly #token: string;
  readonly #news: FeedNews;
  #socket: WebSocket | null = null;
  #heardAt = -Infinity;
  #stopped = false;
  #asking = false;
  #reconnect: ReturnType<typeof setTimeout> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;

  constructor(path: string, token: string, news: FeedNews) {
    this.#path = path;
    this.#token = token;
    this.#news = news;
  }

  start(): void {
    this.#open();
    this.#poll = setInterval(() => void this.#askIfSilent(), POLL_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#poll);
    this.rest();
  }

  /** The console is being left; `wake` opens anew. */
  rest(): void {
    clearTimeout(this.#reconnect);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  wake(): void {
    clearTimeout(this.#reconnect);
    if (this.#socket === null) this.#open();
    void this.#askIfSilent();
  }

  #open(): void {
    if (this.#stopped) return;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${this.#path}/socket`);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', token: this.#token }));
    socket.onmessage = (event) => {
      const message = JSON.parse(String(event.data)) as GaugesMessage | { readonly type: 'problem'; readonly code: string };
      if (message.type === 'problem') return message.code === 'not-signed-in' ? this.#news.onSignedOut() : this.#news.onProblem(message.code);
      this.#heardAt = performance.now();
      this.#news.onGauges(message);
      this.#news.onLink('socket');
    };
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.#stopped) return;
      this.#news.onLink('polling');
      const next = afterClose(event.code, event.reason, 0, Math.random());
      this.#reconnect = setTimeout(() => this.#open(), next.kind === 'reconnect' ? Math.min(RECONNECT_MS_MAX, next.delayMs) : RECONNECT_MS_MAX);
    };
  }

  async #askIfSilent(): Promise<void> {
    if (this.#asking || this.#stopped || document.hidden || performance.now() - this.#heardAt < SILENCE_MS) return;
    this.#asking = true;
    const answer = await call<GaugesMessage>(`${this.#path}/gauges`, { headers: { authorization: `Bearer ${this.#token}` }, timeoutMs: 5_000 });
    this.#asking = false;
    if (this.#stopped) return;
    if (answer.ok) return this.#news.onGauges(answer.body);
    if (answer.code === 'not-signed-in') return this.#news.onSignedOut();
    this.#news.onProblem(answer.code);
  }
}
