import { setImmediate as nextTurn } from 'node:timers/promises';
import { invariant, type Place } from '@onsale/kernel';
import { closeCodes } from '@onsale/contract';
import type { PlaceState } from '@onsale/waiting-room';
import type { PlaceConnection } from './place-connection.ts';
import { PING, withPing, type PreparedMessage } from './prepared-message.ts';

/**
 * Everybody in one room who is connected to this process. A frame is written to all of them in slices, so that requests are answered
 * in between; pings ride on frames, each second another share of the sockets.
 *
 * Guarantees: a socket that has not taken its last message gets no further frame (it is never buffered for); one that never takes any,
 * or answers no ping, is closed; nobody's slowness delays anybody else.
 */
export const SLICE_SOCKETS = 500;
export const SOCKETS_PER_PLACE_MAX = 5;
/** One ping a socket in so many frames: below the bitmaps' period, so that a pong is a sign of life in each. */
export const PING_ROUND_FRAMES = 25;
const PINGS_UNANSWERED_MAX = 2;
export const FRAMES_SKIPPED_MAX = 30;
/** Beyond this many ahead a fan's view moves slowly: every tenth frame is enough, unless something changed for everybody. */
export const NEAR_AHEAD = 20_000;
const FAR_FRAME_EVERY = 10;

export type Broadcast = {
  /** Undefined when there is no frame to send: pings go out all the same. */
  readonly message: PreparedMessage | undefined;
  /** Who is behind this order is far; Infinity: everybody is near. */
  readonly farBeyondOrder: number;
  /** The phase or its reason changed: everybody gets this one. */
  readonly urgent: boolean;
};

export class PlaceHub {
  readonly #members: PlaceConnection[] = [];
  readonly #byPlace = new Map<Place, PlaceConnection>();
  #turn = 0;
  #pingSlotNext = 0;
  #broadcasting = false;

  get size(): number {
    return this.#members.length;
  }

  has(place: Place): boolean {
    return this.#byPlace.has(place);
  }

  members(): readonly PlaceConnection[] {
    return this.#members;
  }

  /** One of the sockets of the place. */
  connectionOf(place: Place): PlaceConnection | undefined {
    return this.#byPlace.get(place);
  }

  /** False when the place has its five sockets already. */
  add(connection: PlaceConnection, place: Place, order: number): boolean {
    invariant(connection.index === -1, 'a connection joins one hub once');
    const first = this.#byPlace.get(place);
    if (countOf(first) >= SOCKETS_PER_PLACE_MAX) return false;
    connection.place = place;
    connection.order = order;
    connection.sibling = first;
    connection.index = this.#members.push(connection) - 1;
    connection.pingSlot = this.#pingSlotNext;
    this.#pingSlotNext = (this.#pingSlotNext + 1) % PING_ROUND_FRAMES;
    this.#byPlace.set(place, connection);
    return true;
  }

  remove(connection: PlaceConnection): void {
    if (connection.index === -1 || connection.place === undefined) return;
    const last = this.#members.pop() as PlaceConnection;
    if (last !== connection) {
      this.#members[connection.index] = last;
      last.index = connection.index;
    }
    connection.index = -1;
    this.#unlink(connection, connection.place);
  }

  #unlink(connection: PlaceConnection, place: Place): void {
    let at = this.#byPlace.get(place);
    if (at === connection) {
      if (connection.sibling === undefined) this.#byPlace.delete(place);
      else this.#byPlace.set(place, connection.sibling);
    }
    while (at !== undefined && at.sibling !== connection) at = at.sibling;
    if (at !== undefined) at.sibling = connection.sibling;
    connection.sibling = undefined;
  }

  /** A personal message to every socket of the place. */
  send(place: Place, message: PreparedMessage): void {
    for (let at = this.#byPlace.get(place); at !== undefined; at = at.sibling) at.push(message);
  }

  /** Closes every socket of the place; they leave the hub as they close. */
  close(place: Place, code: number, reason: string): void {
    for (let at = this.#byPlace.get(place); at !== undefined; at = at.sibling) at.close(code, reason);
  }

  note(place: Place, state: PlaceState, order: number): void {
    for (let at = this.#byPlace.get(place); at !== undefined; at = at.sibling) {
      at.state = state;
      at.order = order;
    }
  }

  /** Writes a frame, slice by slice. A frame that comes while the one before is still going out is left out. */
  async broadcast({ message, farBeyondOrder, urgent }: Broadcast): Promise<void> {
    if (this.#broadcasting) return;
    this.#broadcasting = true;
    try {
      const turn = this.#turn;
      this.#turn = (turn + 1) % (PING_ROUND_FRAMES * FAR_FRAME_EVERY);
      const pingSlot = turn % PING_ROUND_FRAMES;
      const pinging = message === undefined ? PING : withPing(message);
      for (let from = 0; from < this.#members.length; from += SLICE_SOCKETS) {
        if (from > 0) await nextTurn();
        const end = Math.min(this.#members.length, from + SLICE_SOCKETS);
        for (let at = from; at < end; at += 1) {
          const connection = this.#members[at];
          if (connection === undefined) break;
          const wanted = urgent || connection.order <= farBeyondOrder || (at + turn) % FAR_FRAME_EVERY === 0;
          if (connection.pingSlot === pingSlot) ping(connection, wanted ? pinging : PING);
          else if (message !== undefined && wanted) frame(connection, message);
        }
      }
    } finally {
      this.#broadcasting = false;
    }
  }
}

function frame(connection: PlaceConnection, message: PreparedMessage): void {
  if (takesMore(connection)) connection.push(message);
}

function ping(connection: PlaceConnection, message: PreparedMessage): void {
  if (!connection.isOpen) return;
  connection.messages = 0;
  if (connection.pingsUnanswered >= PINGS_UNANSWERED_MAX) {
    connection.close(closeCodes.silent.code);
    return;
  }
  if (!takesMore(connection)) return;
  connection.pingsUnanswered += 1;
  connection.push(message);
}

function takesMore(connection: PlaceConnection): boolean {
  if (!connection.isBacklogged) {
    connection.framesSkipped = 0;
    return true;
  }
  connection.framesSkipped += 1;
  if (connection.framesSkipped === FRAMES_SKIPPED_MAX) connection.close(closeCodes.slow.code);
  return false;
}

function countOf(first: PlaceConnection | undefined): number {
  let count = 0;
  for (let at = first; at !== undefined; at = at.sibling) count += 1;
  return count;
}
