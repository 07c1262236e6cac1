import { ok, refuse, type OpaqueId, type ShowId } from '@onsale/kernel';
import {
  AFTER_REFUSAL_MS, HOLD_MS, LAPSE_KEPT_MS, LAPSE_REFUSED_MS, LAPSES_MAX, PAYING_MS, type CommandAnswer, type CommandRefusal, type DecidableCommand,
  type HoldState, type KeyedRequest, type SeatLimits, type SeatState,
} from '../rules/index.ts';

/**
 * A show as one would write it without a database: commands one after another, every count made anew by walking over all holds. The
 * oracle of the engine's fuzz tests, and of the batch rules.
 */
type ModelHold = {
  readonly id: OpaqueId;
  readonly person: OpaqueId;
  readonly session: OpaqueId;
  state: HoldState;
  seats: number[];
  untilMs: number;
  order: OpaqueId | null;
  attempt: OpaqueId | null;
  lengthened: boolean;
  awaiting: boolean;
  /** Key of each request that made or changed it, with its request. */
  readonly requests: Map<string, string>;
  /** Some of its seats were given back after they were sold: its order goes on counting. */
  returned: boolean;
};
export type ModelOptions = { readonly show: ShowId; readonly seats: number; readonly limits: SeatLimits };
type Of<Kind extends DecidableCommand['kind']> = Extract<DecidableCommand, { readonly kind: Kind }>;

const OWNING: readonly HoldState[] = ['live', 'confirming', 'settled'];

export class ShowModel {
  readonly holds = new Map<OpaqueId, ModelHold>();
  readonly endedSessions = new Set<OpaqueId>();
  readonly #options: ModelOptions;
  readonly #blocked = new Set<number>();
  /** When each person let each seat lapse. */
  readonly #lapses = new Map<string, number[]>();
  readonly #attempts = new Map<OpaqueId, number>();
  nowMs = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  apply(command: DecidableCommand): CommandAnswer {
    if (command.kind === 'block' || command.kind === 'unblock') return this.#block(command);
    if (command.kind === 'hold') return this.#hold(command);
    const hold = this.holds.get(command.hold);
    if (hold === undefined) return refuse({ kind: 'no-hold' });
    switch (command.kind) {
      case 'swap':
        return this.#swap(command, hold);
      case 'order':
        return this.#order(command, hold);
      case 'release':
      case 'expire':
        return this.#end(command, hold);
      case 'return':
        return this.#return(command, hold);
      case 'retake':
        return this.#retake(command, hold);
      default:
        return this.#pay(command, hold);
    }
  }

  stateOf(seat: number): SeatState {
    if (this.#blocked.has(seat)) return 'blocked';
    const owner = this.#owners().find(({ seats }) => seats.includes(seat));
    return owner === undefined ? 'free' : owner.state === 'settled' ? 'sold' : 'held';
  }
  ownerOf(seat: number): OpaqueId | null {
    return this.#owners().find(({ seats }) => seats.includes(seat))?.id ?? null;
  }
  attemptsOf(session: OpaqueId): number {
    return this.#attempts.get(session) ?? 0;
  }

  #owners(): ModelHold[] {
    return [...this.holds.values()].filter(({ state }) => OWNING.includes(state));
  }
  #seatsOf(person: OpaqueId): number {
    return this.#owners().filter((hold) => hold.person === person).reduce((sum, { seats }) => sum + seats.length, 0);
  }
  #ordersOf(session: OpaqueId): number {
    return [...this.holds.values()].filter((hold) => hold.session === session && hold.order !== null && (OWNING.includes(hold.state) || hold.returned)).length;
  }
  #isReused({ requests }: ModelHold, keyed: KeyedRequest | undefined): boolean {
    return keyed !== undefined && (requests.get(keyed.key) ?? keyed.request) !== keyed.request;
  }
  #remember({ requests }: ModelHold, keyed: KeyedRequest | undefined): void {
    if (keyed !== undefined) requests.set(keyed.key, keyed.request);
  }
  #lapsed(hold: ModelHold): boolean {
    return hold.state === 'live' && hold.untilMs <= this.nowMs;
  }
  #wrongState(hold: ModelHold): CommandAnswer {
    if (hold.state === 'expired' || this.#lapsed(hold)) return refuse({ kind: 'hold-expired' });
    return refuse({ kind: 'hold-state', state: hold.state, order: hold.order });
  }
  #done(kind: DecidableCommand['kind'], hold: ModelHold, changed: readonly number[] | 'again' = []): CommandAnswer {
    const { id, person, state, order, attempt } = hold;
    const ticking = state === 'live' || (state === 'confirming' && hold.awaiting);
    const view = {
      id, show: this.#options.show, person, state, seats: [...hold.seats], remainingMs: ticking ? Math.max(0, hold.untilMs - this.nowMs) : 0, order,
      attempt,
    };
    return ok({ kind, hold: view, changed: changed === 'again' ? [] : changed, untouched: [], again: changed === 'again' });
  }

  #hold(command: Of<'hold'>): CommandAnswer {
    const made = this.holds.get(command.hold);
    if (made !== undefined) {
      if (made.person !== command.person) return refuse({ kind: 'no-hold' });
      if (this.#isReused(made, command.keyed)) return refuse({ kind: 'key-reused' });
      return OWNING.includes(made.state) && !this.#lapsed(made) ? this.#done('hold', made, 'again') : this.#wrongState(made);
    }
    const refusal =
      this.#startRefusal(command, command.seats.length, command.seats.length) ??
      this.#lapsedRefusal(command.person, command.seats) ??
      this.#takenRefusal(command.seats);
    if (refusal !== undefined) return refuse(refusal);
    const hold: ModelHold = {
      id: command.hold, person: command.person, session: command.session, state: 'live', seats: [...command.seats],
      untilMs: this.nowMs + (command.holdMs ?? HOLD_MS),
      order: null, attempt: null, lengthened: false, awaiting: false, requests: new Map(), returned: false,
    };
    this.holds.set(hold.id, hold);
    this.#remember(hold, command.keyed);
    this.#attempts.set(hold.session, this.attemptsOf(hold.session) + 1);
    return this.#done('hold', hold, command.seats);
  }

  #startRefusal({ person, session }: { readonly person: OpaqueId; readonly session: OpaqueId }, size: number, added: number): CommandRefusal | undefined {
    const { perOrder, perPersonAndShow, perPersonAndEvent, attemptsPerSession } = this.#options.limits;
    if (this.endedSessions.has(session)) return { kind: 'session-ended' };
    if (this.attemptsOf(session) >= attemptsPerSession) return { kind: 'too-many-attempts', max: attemptsPerSession };
    if (size > perOrder) return { kind: 'limit', scope: 'order', max: perOrder };
    if (added > 0 && this.#seatsOf(person) + added > perPersonAndShow) return { kind: 'limit', scope: 'show', max: perPersonAndShow };
    if (added > 0 && this.#seatsOf(person) + added > perPersonAndEvent) return { kind: 'limit', scope: 'event', max: perPersonAndEvent };
    return undefined;
  }
  #lapse({ person, seats }: ModelHold): void {
    for (const seat of seats) this.#lapses.set(`${person} ${seat}`, [...(this.#lapses.get(`${person} ${seat}`) ?? []), this.nowMs]);
  }
  /** Lapses of one run: each at most an hour after the one before it. */
  #runOf(person: OpaqueId, seat: number): readonly number[] {
    const all = this.#lapses.get(`${person} ${seat}`) ?? [];
    return all.slice(all.findLastIndex((at, index) => index === 0 || at - (all[index - 1] as number) > LAPSE_KEPT_MS));
  }
  #lapsedRefusal(person: OpaqueId, seats: readonly number[]): CommandRefusal | undefined {
    const waits = seats.map((seat) => {
      const run = this.#runOf(person, seat);
      return run.length < LAPSES_MAX ? 0 : Math.max(0, LAPSE_REFUSED_MS - (this.nowMs - (run.at(-1) as number)));
    });
    const refusedSeats = seats.filter((_, index) => waits[index] !== 0);
    return refusedSeats.length === 0 ? undefined : { kind: 'lapsed-too-often', seats: refusedSeats, retryAfterMs: Math.max(...waits) };
  }
  #takenRefusal(seats: readonly number[]): CommandRefusal | undefined {
    const taken = seats.filter((seat) => this.stateOf(seat) !== 'free');
    return taken.length === 0 ? undefined : { kind: 'seat-taken', seats: taken, alternatives: [] };
  }

  #swap(command: Of<'swap'>, hold: ModelHold): CommandAnswer {
    if (hold.person !== command.person) return refuse({ kind: 'no-hold' });
    if (this.#isReused(hold, command.keyed)) return refuse({ kind: 'key-reused' });
    if (command.keyed !== undefined && hold.requests.has(command.keyed.key)) {
      return OWNING.includes(hold.state) && !this.#lapsed(hold) ? this.#done('swap', hold, 'again') : this.#wrongState(hold);
    }
    if (hold.state !== 'live' || this.#lapsed(hold) || hold.order !== null) return this.#wrongState(hold);
    const gained = command.seats.filter((seat) => !hold.seats.includes(seat));
    const lost = hold.seats.filter((seat) => !command.seats.includes(seat));
    if (gained.length + lost.length === 0) {
      this.#remember(hold, command.keyed);
      return this.#done('swap', hold, 'again');
    }
    const refusal =
      this.#startRefusal(command, command.seats.length, gained.length - lost.length) ??
      this.#lapsedRefusal(command.person, gained) ??
      this.#takenRefusal(gained);
    if (refusal !== undefined) return refuse(refusal);
    hold.seats = [...command.seats];
    this.#remember(hold, command.keyed);
    this.#attempts.set(command.session, this.attemptsOf(command.session) + 1);
    return this.#done('swap', hold, [...gained, ...lost]);
  }

  #end(command: Of<'release'> | Of<'expire'>, hold: ModelHold): CommandAnswer {
    const { kind } = command;
    if (kind === 'expire') {
      if (hold.state === 'expired') return this.#done(kind, hold, 'again');
      if (!this.#lapsed(hold)) return refuse({ kind: 'hold-state', state: hold.state, order: hold.order });
    } else {
      if (command.person !== undefined && command.person !== hold.person) return refuse({ kind: 'no-hold' });
      if (hold.state === 'released' || hold.state === 'expired') return this.#done(kind, hold, 'again');
      if (hold.state === 'settled') return this.#wrongState(hold);
      if (hold.state === 'confirming' && (command.attempt === undefined || command.attempt !== hold.attempt)) return refuse({ kind: 'payment-in-progress' });
    }
    if (kind === 'expire' || (hold.state === 'live' && hold.untilMs - this.nowMs < HOLD_MS / 2)) this.#lapse(hold);
    if (kind === 'release') hold.untilMs = this.nowMs;
    hold.state = kind === 'expire' ? 'expired' : 'released';
    hold.awaiting = false;
    return this.#done(kind, hold, hold.seats);
  }

  #order(command: Of<'order'>, hold: ModelHold): CommandAnswer {
    if (hold.person !== command.person) return refuse({ kind: 'no-hold' });
    if (hold.order === command.order) return this.#done('order', hold, 'again');
    if (this.endedSessions.has(hold.session)) return refuse({ kind: 'session-ended' });
    if (hold.state !== 'live' || this.#lapsed(hold) || hold.order !== null) return this.#wrongState(hold);
    const max = this.#options.limits.ordersPerEntry;
    if (this.#ordersOf(hold.session) >= max) return refuse({ kind: 'orders-used', max });
    hold.order = command.order;
    return this.#done('order', hold);
  }

  #pay(command: Of<'lengthen' | 'confirming' | 'resume' | 'await-deposit' | 'settle'>, hold: ModelHold): CommandAnswer {
    const { kind, attempt } = command;
    const same = hold.attempt === attempt;
    const live = hold.state === 'live' && !this.#lapsed(hold);
    const confirming = same && hold.state === 'confirming';
    if ((kind === 'lengthen' || kind === 'confirming') && hold.order !== command.order) return refuse({ kind: 'no-hold' });
    const again = {
      lengthen: same,
      confirming: confirming || (same && hold.state === 'settled'),
      resume: same && hold.state === 'live',
      'await-deposit': (confirming && hold.awaiting) || (same && hold.state === 'settled'),
      settle: same && hold.state === 'settled',
    };
    if (again[kind]) return this.#done(kind, hold, 'again');
    if ((kind === 'lengthen' || kind === 'confirming') && hold.state === 'confirming') return refuse({ kind: 'payment-in-progress' });
    const allowed = { lengthen: live, confirming: live, resume: confirming, 'await-deposit': confirming, settle: confirming };
    const free = kind === 'settle' && command.from === 'live' && live && hold.order !== null;
    if (!allowed[kind] && !free) return this.#wrongState(hold);
    const left = hold.untilMs - this.nowMs;
    switch (kind) {
      case 'lengthen':
        if (!hold.lengthened) hold.untilMs = this.nowMs + Math.max(left, PAYING_MS);
        hold.lengthened = true;
        break;
      case 'confirming':
        hold.state = 'confirming';
        break;
      case 'resume':
        hold.untilMs = this.nowMs + (hold.awaiting ? AFTER_REFUSAL_MS : Math.max(left, AFTER_REFUSAL_MS));
        hold.state = 'live';
        hold.awaiting = false;
        break;
      case 'await-deposit':
        hold.untilMs = this.nowMs + command.dueMs;
        hold.awaiting = true;
        break;
      default:
        hold.state = 'settled';
        hold.awaiting = false;
    }
    hold.attempt = attempt;
    return this.#done(kind, hold, kind === 'settle' ? hold.seats : []);
  }

  #retake(command: Of<'retake'>, hold: ModelHold): CommandAnswer {
    if (hold.state === 'settled' && hold.attempt === command.attempt) return this.#done('retake', hold, 'again');
    if ((hold.state !== 'released' && hold.state !== 'expired') || hold.seats.length === 0) return this.#wrongState(hold);
    const { perOrder, perPersonAndShow, perPersonAndEvent } = this.#options.limits;
    const total = this.#seatsOf(hold.person) + hold.seats.length;
    if (hold.seats.length > perOrder) return refuse({ kind: 'limit', scope: 'order', max: perOrder });
    if (total > perPersonAndShow) return refuse({ kind: 'limit', scope: 'show', max: perPersonAndShow });
    if (total > perPersonAndEvent) return refuse({ kind: 'limit', scope: 'event', max: perPersonAndEvent });
    const refusal = this.#takenRefusal(hold.seats);
    if (refusal !== undefined) return refuse(refusal);
    hold.state = 'settled';
    hold.attempt = command.attempt;
    return this.#done('retake', hold, hold.seats);
  }

  #return(command: Of<'return'>, hold: ModelHold): CommandAnswer {
    const coming = command.seats.filter((seat) => hold.seats.includes(seat));
    if (hold.state === 'released' || (hold.state === 'settled' && coming.length === 0)) return this.#done('return', hold, 'again');
    if (hold.state !== 'settled') return refuse({ kind: 'hold-state', state: hold.state, order: hold.order });
    hold.seats = hold.seats.filter((seat) => !coming.includes(seat));
    hold.returned = true;
    if (hold.seats.length === 0) hold.state = 'released';
    if (command.to === 'blocked') for (const seat of coming) this.#blocked.add(seat);
    return this.#done('return', hold, coming);
  }

  #block({ kind, seats }: Of<'block' | 'unblock'>): CommandAnswer {
    const changed = seats.filter((seat) => this.stateOf(seat) === (kind === 'block' ? 'free' : 'blocked'));
    for (const seat of changed) if (kind === 'block') this.#blocked.add(seat);
    else this.#blocked.delete(seat);
    return ok({ kind, hold: null, changed, untouched: seats.filter((seat) => !changed.includes(seat)), again: changed.length === 0 });
  }
}
