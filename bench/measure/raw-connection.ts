import { connect, type Socket } from 'node:net';

/** One answer, and the time from writing the request to the first byte of it. */
export type RawAnswer = { readonly status: number; readonly ms: number; readonly hasRetryAfter: boolean; readonly retryAfterMs: number };

const ANSWER_MS_MAX = 15_000;

/**
 * A kept HTTP/1.1 connection, one request at a time. What it adds to what it measures is one write and one read of a socket: thousands of them on
 * one core leave the core to the crowd.
 */
export class RawConnection {
  readonly #socket: Socket;
  #heard = '';
  #askedAt = 0;
  #firstAt = 0;
  #done: ((answer: RawAnswer) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true).setEncoding('latin1').setTimeout(ANSWER_MS_MAX);
    socket.on('data', (part) => this.#hear(String(part)));
    for (const event of ['error', 'timeout', 'close'] as const) socket.on(event, () => this.#end());
  }

  /** Loopback only. */
  static open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    if (hostname !== '127.0.0.1') throw new Error('load goes to this machine only');
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => resolve(new RawConnection(socket)));
      socket.once('error', reject);
    });
  }
  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }
  ask(request: string): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      [this.#done, this.#fail, this.#heard] = [resolve, reject, ''];
      this.#askedAt = performance.now();
      if (this.isOpen) this.#socket.write(request);
      else this.#end();
    });
  }
  close(): void {
    this.#socket.destroy();
  }

  #hear(part: string): void {
    if (this.#heard === '') this.#firstAt = performance.now();
    this.#heard += part;
    const end = this.#heard.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#heard)?.[1] ?? 0);
    if (this.#heard.length < end + 4 + length) return;
    const done = this.#done;
    this.#done = this.#fail = undefined;
    const status = Number(this.#heard.slice(9, 12));
    const isLater = status === 503;
    done?.({
      status, ms: this.#firstAt - this.#askedAt, hasRetryAfter: isLater && /\r\nretry-after: \d/i.test(this.#heard.slice(0, end)),
      retryAfterMs: isLater ? Number(/"retryAfterMs":(\d+)/.exec(this.#heard)?.[1] ?? 0) : 0,
    });
  }
  #end(): void {
    this.#socket.destroy();
    this.#fail?.(new Error('the connection ended without an answer'));
    this.#done = this.#fail = undefined;
  }
}

export type RawRequest = { readonly path: string; readonly body: string; readonly headers: Record<string, string> };
export function rawPost({ path, body, headers }: RawRequest): string {
  const lines = Object.entries({ host: '127.0.0.1', 'content-type': 'application/json', 'content-length': String(body.length), ...headers });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}
