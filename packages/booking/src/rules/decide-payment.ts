import { AFTER_REFUSAL_MS, PAYING_MS, type HoldRow } from './hold.ts';
import {
  addLiveSeats, did, haveSeats, liveSeats, moveOwnSeats, refused, takenSeats, type CommandOf, type Decision, type Scene,
} from './scene.ts';
import { checkSeatLimits, ORDERS_SCOPE } from './seat-limit.ts';

/** What an order and its payment do to their hold. None but `settle` and `retake` touches a seat: a lease is one row. */
const wrongState = (hold: HoldRow): Decision =>
  hold.state === 'expired' || (hold.state === 'live' && hold.expired)
    ? refused({ kind: 'hold-expired' })
    : refused({ kind: 'hold-state', state: hold.state, order: hold.order });
const isLive = (hold: HoldRow): boolean => hold.state === 'live' && !hold.expired;

export function decideOrder(scene: Scene, command: CommandOf<'order'>): Decision {
  const { rows, terms } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  if (hold.person !== command.person) return refused({ kind: 'no-hold' });
  if (hold.order === command.order) return did('order', rows.view(hold), { again: true });
  if (hold.session !== null && rows.isEnded(hold.session)) return refused({ kind: 'session-ended' });
  if (!isLive(hold)) return wrongState(hold);
  if (hold.order !== null) return refused({ kind: 'hold-state', state: hold.state, order: hold.order });
  if (hold.session !== null) {
    const orders = rows.allowance(ORDERS_SCOPE, hold.session);
    if (orders === undefined) return 'defer';
    if (orders >= terms.limits.ordersPerEntry) return refused({ kind: 'orders-used', max: terms.limits.ordersPerEntry });
    rows.add(ORDERS_SCOPE, hold.session, 1);
  }
  return did('order', rows.view(rows.changeHold(hold.id, { order: command.order })));
}

export function decideLengthen(scene: Scene, command: CommandOf<'lengthen'>): Decision {
  const { rows } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  if (hold.order !== command.order) return refused({ kind: 'no-hold' });
  if (hold.attempt === command.attempt) return did('lengthen', rows.view(hold), { again: true });
  if (hold.state === 'confirming') return refused({ kind: 'payment-in-progress' });
  if (!isLive(hold)) return wrongState(hold);
  const untilMs = !hold.lengthened && hold.leftMs < PAYING_MS ? PAYING_MS : null;
  return did('lengthen', rows.view(rows.changeHold(hold.id, { lengthened: true, attempt: command.attempt }, untilMs)));
}

export function decideConfirming(scene: Scene, command: CommandOf<'confirming'>): Decision {
  const { rows } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  if (hold.order !== command.order) return refused({ kind: 'no-hold' });
  const same = hold.attempt === command.attempt;
  if (same && (hold.state === 'confirming' || hold.state === 'settled')) return did('confirming', rows.view(hold), { again: true });
  if (hold.state === 'confirming') return refused({ kind: 'payment-in-progress' });
  if (!isLive(hold)) return wrongState(hold);
  return did('confirming', rows.view(rows.changeHold(hold.id, { state: 'confirming', attempt: command.attempt })));
}

export function decideResume(scene: Scene, command: CommandOf<'resume'>): Decision {
  const { rows } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  const same = hold.attempt === command.attempt;
  if (same && hold.state === 'live') return did('resume', rows.view(hold), { again: true });
  if (!same || hold.state !== 'confirming') return wrongState(hold);
  const untilMs = hold.leftMs < AFTER_REFUSAL_MS || hold.awaiting ? AFTER_REFUSAL_MS : null;
  return did('resume', rows.view(rows.changeHold(hold.id, { state: 'live', awaiting: false }, untilMs)));
}

export function decideAwaitDeposit(scene: Scene, command: CommandOf<'await-deposit'>): Decision {
  const { rows } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  const same = hold.attempt === command.attempt;
  if (same && (hold.state === 'settled' || (hold.state === 'confirming' && hold.awaiting))) return did('await-deposit', rows.view(hold), { again: true });
  if (!same || hold.state !== 'confirming') return wrongState(hold);
  return did('await-deposit', rows.view(rows.changeHold(hold.id, { awaiting: true }, command.dueMs)));
}

export function decideSettle(scene: Scene, command: CommandOf<'settle'>): Decision {
  const { rows } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  const same = hold.attempt === command.attempt;
  if (same && hold.state === 'settled') return did('settle', rows.view(hold), { again: true });
  const paid = same && hold.state === 'confirming';
  const costsNothing = command.from === 'live' && isLive(hold) && hold.order !== null;
  if (!paid && !costsNothing) return wrongState(hold);
  if (!haveSeats(scene, hold.seats)) return 'defer';
  moveOwnSeats(scene, hold, hold.seats, 'sold');
  return did('settle', rows.view(rows.changeHold(hold.id, { state: 'settled', awaiting: false, attempt: command.attempt })), { changed: hold.seats });
}

/** A success that came too late is seated if nobody else was, or else refunded by the caller. Limits hold here as everywhere (B4). */
export function decideRetake(scene: Scene, command: CommandOf<'retake'>): Decision {
  const { rows, terms } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  if (hold.state === 'settled' && hold.attempt === command.attempt) return did('retake', rows.view(hold), { again: true });
  if ((hold.state !== 'released' && hold.state !== 'expired') || hold.seats.length === 0) return wrongState(hold);
  const live = liveSeats(scene, hold.person);
  const countsOrder = hold.order !== null && hold.session !== null;
  if (live === undefined || (countsOrder && rows.allowance(ORDERS_SCOPE, hold.session) === undefined)) return 'defer';
  const beyond = checkSeatLimits(terms.limits, live, hold.seats.length, hold.seats.length);
  if (beyond !== undefined) return refused(beyond);
  const taken = takenSeats(scene, hold.seats);
  if (taken.length > 0) return refused({ kind: 'seat-taken', seats: taken, alternatives: [] });
  if (!haveSeats(scene, hold.seats)) return 'defer';
  rows.setSeats(hold.seats, 'sold', hold.id);
  addLiveSeats(scene, hold.person, hold.seats.length);
  // The order comes alive again, also beyond `ordersPerEntry`: it is paid.
  if (countsOrder) rows.add(ORDERS_SCOPE, hold.session, 1);
  return did('retake', rows.view(rows.changeHold(hold.id, { state: 'settled', attempt: command.attempt })), { changed: hold.seats });
}
