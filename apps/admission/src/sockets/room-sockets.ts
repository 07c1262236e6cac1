import { closeCodes, problem, ProblemError, type CloseName, type ProblemCode } from '@onsale/contract';
import { SECOND_MS, type MonotonicClock, type Place, type Random } from '@onsale/kernel';
import type { SocketDoor } from '@onsale/runtime';
import type { CalledPlace, PlaceReply, PlaceState, PlaceView, RoomConnection } from '@onsale/waiting-room';
import type { FrameView } from '../frame-view.ts';
import { holderOfReceipt, type Holder, type HolderKeys } from '../holder.ts';
import type { OpenRoom, RoomListener } from '../open-room.ts';
import { keepPlaceOf } from '../place-of-holder.ts';
import { hasEnded, placeReplyOf } from '../place-reply.ts';
import type { PlaceConnection } from './place-connection.ts';
import { PlaceHub } from './place-hub.ts';
import { prepareText } from './prepared-message.ts';

/**
 * The sockets of one room in this process: what is pushed to them and when.
 *
 *   every second        the frame, to everybody (PlaceHub), and a ping to some
 *   called              the feed names who was called: their places are read and sent, within 100 ms
 *   a slot              called, entered, redeemed places are read again every 3 s and sent when their state changed
 *   pong, `alive`       a sign of life; what it answers is sent when the state differs from what the client was told
 *   a new incarnation   Redis lost its tail, or the room was started over in a new epoch: everybody is looked up, and whoever was lost or
 *                       is of the old epoch is sent away to greet again with the receipt
 */
export type RoomSocketsOptions = {
  readonly connection: RoomConnection;
  readonly open: OpenRoom;
  readonly holderKeys: HolderKeys;
  readonly door: Pick<SocketDoor<PlaceConnection>, 'greeted' | 'left'>;
  readonly monotonic: MonotonicClock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
};

/** Places looked up at once for their signs of life; the next so many follow. */
const SIGNS_AT_ONCE_MAX = 4_096;
/** Whose place was lost comes again, within this time. */
const LOST_SPREAD_MS = 3 * SECOND_MS;
/** Without a frame for so long, pings go out alone. */
const PINGS_ALONE_AFTER_MS = 1.5 * SECOND_MS;
const SLOT_READ_EVERY_MS = 3 * SECOND_MS;
const WITH_SLOT: ReadonlySet<PlaceState> = new Set<PlaceState>(['called', 'entered', 'redeemed']);

export class RoomSockets implements RoomListener {
  readonly hub = new PlaceHub();
  readonly open: OpenRoom;
  readonly #options: RoomSocketsOptions;
  readonly #unwatch: () => void;
  /** Who has shown a sign of life since the last flush. */
  readonly #signs = new Set<Place>();
  /** Places with a slot that are connected here. */
  readonly #slots = new Set<Place>();
  #slotsReadAtMs = 0;
  #broadcastAtMs = 0;
  #greeting = 0;
  #lastStanding = '';
  #incarnation: string | undefined;

  constructor(options: RoomSocketsOptions) {
    this.#options = options;
    this.open = options.open;
    this.#unwatch = options.open.watch(this);
  }

  onFrame(view: FrameView | undefined): void {
    if (view === undefined) return;
    this.#noteIncarnation(view);
    if (this.hub.size === 0) return;
    const standing = `${view.frame.phase} ${view.reason} ${view.frame.epoch}`;
    const urgent = standing !== this.#lastStanding;
    this.#lastStanding = standing;
    this.#broadcastAtMs = this.#options.monotonic();
    this.hub.broadcast({ message: prepareText(view.text), farBeyondOrder: view.farBeyondOrder, urgent }).catch(this.#options.onError);
  }

  /** What a new incarnation has forgotten is found at once, and not by each fan's next pong. */
  #noteIncarnation({ frame: { epoch, incarnation, fenced } }: FrameView): void {
    if (fenced) return;
    const known = this.#incarnation;
    this.#incarnation = `${epoch} ${incarnation}`;
    if (known !== undefined && known !== this.#incarnation) for (const { place } of this.hub.members()) if (place !== undefined) this.sign(place);
  }

  onCalled(called: readonly CalledPlace[]): void {
    for (const { place } of called) if (this.hub.has(place)) void this.#look(place, this.open.readPlace(place));
  }

  sign(place: Place): void {
    this.#signs.add(place);
  }

  /** About twice a second: signs of life go to Redis, places with a slot are read again, pings go out though no frame comes. */
  tick(): void {
    const nowMs = this.#options.monotonic();
    void this.flushSigns();
    if (nowMs - this.#slotsReadAtMs >= SLOT_READ_EVERY_MS) {
      this.#slotsReadAtMs = nowMs;
      for (const place of this.#slots) {
        if (this.hub.has(place)) void this.#look(place, this.open.readPlace(place));
        else this.#slots.delete(place);
      }
    }
    if (this.hub.size > 0 && nowMs - this.#broadcastAtMs >= PINGS_ALONE_AFTER_MS) {
      this.#broadcastAtMs = nowMs - PINGS_ALONE_AFTER_MS + SECOND_MS;
      this.hub.broadcast({ message: undefined, farBeyondOrder: Infinity, urgent: false }).catch(this.#options.onError);
    }
  }

  async flushSigns(): Promise<void> {
    const places = [...this.#signs];
    this.#signs.clear();
    for (let from = 0; from < places.length; from += SIGNS_AT_ONCE_MAX) {
      await Promise.all(places.slice(from, from + SIGNS_AT_ONCE_MAX).map((place) => this.#look(place, this.open.keepPlace(place))));
    }
  }

  /**
   * Sends the place to its sockets when it is not what they were told last. Redis lost it, or the room was started over: they greet again, each
   * at a moment of their own; only the receipt brings a lost place back, and says to the others that it has ended.
   */
  async #look(place: Place, asked: Promise<PlaceReply>): Promise<void> {
    try {
      const reply = await asked;
      if (reply.word === 'place') this.changed(reply.view);
      else if (reply.word === 'lost' || reply.word === 'epoch') {
        this.hub.close(place, closeCodes.restart.code, String(Math.floor(this.#options.random() * LOST_SPREAD_MS)));
      }
    } catch (error) {
      this.#options.onError(error);
    }
  }

  changed(view: PlaceView): void {
    const known = this.hub.connectionOf(view.place);
    if (known !== undefined && known.state !== view.state) this.#tell(view);
  }

  #tell(view: PlaceView): void {
    const { place, state, order } = view;
    const me = this.#me(view);
    if (me === undefined) return;
    this.hub.note(place, state, order);
    this.hub.send(place, me);
    if (WITH_SLOT.has(state)) this.#slots.add(place);
    else this.#slots.delete(place);
    if (hasEnded(state)) this.hub.close(place, closeCodes.ended.code, closeCodes.ended.meaning);
  }

  /** Undefined when there is no frame to say the phase from: the client's next poll tells it. */
  #me(view: PlaceView): Buffer | undefined {
    try {
      return prepareText(JSON.stringify({ type: 'me', me: placeReplyOf(view, this.open.view()) }));
    } catch (error) {
      if (error instanceof ProblemError) return undefined;
      throw error;
    }
  }

  /** A hello with a receipt goes before the cookie; without one it is the cookie that speaks, or nobody. */
  hello(connection: PlaceConnection, receipt: string | undefined): void {
    if (receipt !== undefined) void this.greet(connection, () => holderOfReceipt(this.#options.holderKeys, receipt, this.open.room));
    else if (connection.place !== undefined) this.sign(connection.place);
    else if (!connection.isGreeting) this.#refuse(connection, new ProblemError('no-receipt'));
  }

  /**
   * Reads the place of whoever greets and takes the socket in; or says why not and closes it. A later greeting replaces this one.
   * `mayWait`: without a place here nothing is said yet, a hello may still come.
   */
  async greet(connection: PlaceConnection, holderOf: () => Holder, mayWait = false): Promise<void> {
    connection.greetings += 1;
    connection.isGreeting = true;
    this.#greeting += 1;
    const greeting = connection.greetings;
    try {
      const view = await keepPlaceOf(this.#options.connection, this.open, holderOf());
      // The feed yielded to another room while nobody had greeted: a new handshake opens it again.
      if (this.open.isClosed) throw new ProblemError('overloaded', { retryAfterMs: SECOND_MS });
      if (connection.greetings === greeting && connection.isOpen) this.#admit(connection, view);
    } catch (error) {
      const waits = mayWait && error instanceof ProblemError && error.code === 'no-receipt';
      if (connection.greetings === greeting && !waits) this.#refuse(connection, error);
    } finally {
      this.#greeting -= 1;
      if (connection.greetings === greeting) connection.isGreeting = false;
    }
  }

  leave(connection: PlaceConnection): void {
    this.hub.remove(connection);
    this.#options.door.left(connection);
  }

  get isIdle(): boolean {
    return this.hub.size === 0 && this.#greeting === 0;
  }

  #admit(connection: PlaceConnection, view: PlaceView): void {
    if (connection.place !== view.place) {
      this.hub.remove(connection);
      if (!this.hub.add(connection, view.place, view.order)) {
        closeWith(connection, 'tooMany');
        return;
      }
    }
    this.#options.door.greeted(connection);
    connection.state = view.state;
    if (WITH_SLOT.has(view.state)) this.#slots.add(view.place);
    const room = this.open.view();
    connection.push(prepareText(JSON.stringify({ type: 'me', me: placeReplyOf(view, room) })));
    connection.push(prepareText(room.text));
    if (hasEnded(view.state)) closeWith(connection, 'ended');
  }

  #refuse(connection: PlaceConnection, error: unknown): void {
    const code: ProblemCode = error instanceof ProblemError ? error.code : 'unavailable';
    const extras = error instanceof ProblemError ? error.extras : {};
    if (!(error instanceof ProblemError)) this.#options.onError(error);
    connection.push(prepareText(JSON.stringify({ ...problem(code, extras), type: 'problem' })));
    const name: CloseName = CLOSE_OF_PROBLEM[code] ?? 'restart';
    closeWith(connection, name, name === 'restart' ? String(extras.retryAfterMs ?? 2 * SECOND_MS) : undefined);
  }

  stop(): void {
    this.#unwatch();
  }
}

const CLOSE_OF_PROBLEM: Partial<Record<ProblemCode, CloseName>> = {
  'no-receipt': 'noPlace', 'bad-receipt': 'noPlace', 'place-ended': 'ended', 'room-not-open': 'noPlace',
};

export function closeWith(connection: PlaceConnection, name: CloseName, reason: string = closeCodes[name].meaning): void {
  connection.close(closeCodes[name].code, reason);
}
