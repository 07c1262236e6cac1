import { closeCodes } from '@onsale/contract';
import type { ShowBook } from '@onsale/booking';
import { seatsSince } from '../routes/seat-map.ts';

/** What the hub needs of a WebSocket. */
export type SeatSocket = { readonly bufferedAmount: number; readonly send: (text: string) => void; readonly close: (code: number, reason?: string) => void };

/**
 * Pushes seat changes of one show: every 100 ms at most one delta, encoded once, the same text for every socket that has
 * all before it. A socket that reads slowly is skipped and gets everything since its own version later; one that stays
 * behind is closed, and polls instead.
 */
export const PUSH_EVERY_MS = 100;
export const BACKLOG_BYTES_MAX = 256 * 1024;
const SKIPS_MAX = 50;

export class SeatHub {
  readonly book: ShowBook;
  readonly #sockets = new Map<SeatSocket, { version: number; skips: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(book: ShowBook) {
    this.book = book;
  }

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: SeatSocket): void {
    const snapshot = seatsSince(this.book, undefined);
    socket.send(JSON.stringify(snapshot));
    this.#sockets.set(socket, { version: snapshot.version, skips: 0 });
    this.#timer ??= setInterval(() => this.#push(), PUSH_EVERY_MS);
  }

  remove(socket: SeatSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Sends everybody away, each with its own delay so that they don't come back at once. */
  close(spreadMs: number): void {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.keys()) socket.close(closeCodes.restart.code, String(Math.round(Math.random() * spreadMs)));
    this.#sockets.clear();
  }

  #push(): void {
    const { map } = this.book;
    map.touch();
    const encoded = new Map<number, { readonly text: string; readonly version: number }>();
    for (const [socket, seen] of this.#sockets) {
      if (seen.version === map.version) continue;
      if (socket.bufferedAmount > BACKLOG_BYTES_MAX) {
        seen.skips += 1;
        if (seen.skips > SKIPS_MAX) socket.close(closeCodes.slow.code);
        continue;
      }
      let message = encoded.get(seen.version);
      if (message === undefined) {
        const update = seatsSince(this.book, seen.version);
        message = { text: JSON.stringify(update), version: update.version };
        encoded.set(seen.version, message);
      }
      socket.send(message.text);
      seen.version = message.version;
      seen.skips = 0;
    }
  }
}
