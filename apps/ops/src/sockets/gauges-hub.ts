import type { WebSocket } from '@fastify/websocket';
import { closeCodes, problem, ProblemError } from '@onsale/contract';
import { SECOND_MS, type RoomId } from '@onsale/kernel';
import type { OpsContext } from '../context.ts';
import { gaugesOf } from '../routes/gauges.ts';

/** Everybody who watches: one reading and one text a second for each room that is watched, none for the others. */
export type Watcher = { readonly socket: WebSocket; readonly token: string };

const FRAME_EVERY_MS = SECOND_MS;
/** An ended session is noticed within this time; one that ends in this process at once. */
const SESSIONS_EVERY_MS = 5 * SECOND_MS;
const PING_EVERY_MS = 25 * SECOND_MS;
/** Unsent bytes at which a reader is too slow: some three minutes of gauges. */
const BACKLOG_BYTES_MAX = 128 * 1_024;
const CLOSING_MS_MAX = SECOND_MS;

type Circle = { readonly watchers: Set<Watcher>; readonly timer: NodeJS.Timeout; isReading: boolean };

export class GaugesHub {
  readonly #context: OpsContext;
  readonly #circles = new Map<RoomId, Circle>();
  readonly #silent = new WeakSet<WebSocket>();
  readonly #timers: readonly NodeJS.Timeout[];
  #isStopped = false;

  constructor(context: OpsContext) {
    this.#context = context;
    this.#timers = [setInterval(() => void this.#checkSessions(), SESSIONS_EVERY_MS), setInterval(() => this.#ping(), PING_EVERY_MS)];
    for (const timer of this.#timers) timer.unref();
  }

  add(room: RoomId, watcher: Watcher): void {
    const { socket } = watcher;
    if (socket.readyState !== socket.OPEN) return;
    if (this.#isStopped) return socket.close(closeCodes.restart.code, '0');
    const circle = this.#circleOf(room);
    circle.watchers.add(watcher);
    socket.once('close', () => this.#remove(room, watcher));
    socket.on('pong', () => this.#silent.delete(socket));
    void this.#push(room, [watcher]);
  }

  /** Their session is over. */
  closeOf(token: string): void {
    for (const { socket, token: theirs } of this.#everybody()) if (theirs === token) socket.close(closeCodes.ended.code);
  }

  /** `spreadMs`: how long each client is told to stay away. */
  async stop(spreadMs: () => number): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    const watchers = this.#everybody();
    for (const { socket } of watchers) socket.close(closeCodes.restart.code, String(spreadMs()));
    const closed = Promise.all(watchers.map(({ socket }) => new Promise((done) => socket.once('close', done))));
    await Promise.race([closed, new Promise((done) => setTimeout(done, CLOSING_MS_MAX).unref())]);
    for (const { socket } of watchers) socket.terminate();
    for (const { timer } of this.#circles.values()) clearInterval(timer);
    this.#circles.clear();
  }

  #everybody(): Watcher[] {
    return [...this.#circles.values()].flatMap(({ watchers }) => [...watchers]);
  }

  #circleOf(room: RoomId): Circle {
    const known = this.#circles.get(room);
    if (known !== undefined) return known;
    const circle: Circle = { watchers: new Set(), timer: setInterval(() => void this.#tick(room), FRAME_EVERY_MS), isReading: false };
    this.#circles.set(room, circle);
    return circle;
  }

  #remove(room: RoomId, watcher: Watcher): void {
    const circle = this.#circles.get(room);
    if (circle === undefined || !circle.watchers.delete(watcher) || circle.watchers.size > 0) return;
    clearInterval(circle.timer);
    this.#circles.delete(room);
  }

  async #tick(room: RoomId): Promise<void> {
    const circle = this.#circles.get(room);
    if (circle === undefined || circle.isReading) return;
    circle.isReading = true;
    await this.#push(room, circle.watchers);
    circle.isReading = false;
  }

  async #push(room: RoomId, watchers: Iterable<Watcher>): Promise<void> {
    const text = await this.#textOf(room);
    for (const { socket } of watchers) {
      if (socket.readyState !== socket.OPEN) continue;
      if (socket.bufferedAmount > BACKLOG_BYTES_MAX) socket.close(closeCodes.slow.code);
      else socket.send(text);
    }
  }

  /** Gauges, or the problem that keeps us from having any: the socket stays, the next second may bring them. */
  async #textOf(room: RoomId): Promise<string> {
    try {
      return JSON.stringify(await gaugesOf(this.#context, room));
    } catch (error) {
      if (error instanceof ProblemError) return JSON.stringify({ ...problem(error.code, error.extras), type: 'problem' });
      this.#context.onError(error);
      return JSON.stringify({ ...problem('unavailable'), type: 'problem' });
    }
  }

  /** Each token once, however many sockets it has. A database that is away ends nobody's session. */
  async #checkSessions(): Promise<void> {
    for (const token of new Set(this.#everybody().map(({ token }) => token))) {
      const who = await this.#context.gate.read(token).catch(() => null);
      if (who === undefined || who?.role === 'gate') this.closeOf(token);
    }
  }

  #ping(): void {
    for (const { socket } of this.#everybody()) {
      if (this.#silent.has(socket)) {
        socket.terminate();
        continue;
      }
      this.#silent.add(socket);
      socket.ping();
    }
  }
}
