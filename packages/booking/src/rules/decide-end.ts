import type { HoldRow } from './hold.ts';
import { lapsesWith } from './lapse.ts';
import { addLiveSeats, did, haveSeats, liveSeats, moveOwnSeats, refused, type CommandOf, type Decision, type Scene } from './scene.ts';
import { ORDERS_SCOPE } from './seat-limit.ts';

/** What ends a hold, gives sold seats back, or takes seats out of the sale. */
export function decideRelease(scene: Scene, command: CommandOf<'release'>): Decision {
  const hold = scene.rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  if (command.person !== undefined && command.person !== hold.person) return refused({ kind: 'no-hold' });
  if (hold.state === 'released' || hold.state === 'expired') return did('release', scene.rows.view(hold), { again: true });
  if (hold.state === 'settled') return refused({ kind: 'hold-state', state: hold.state, order: hold.order });
  // Only who waits for the provider's answer may give up on it, by naming the attempt (B5).
  if (hold.state === 'confirming' && (command.attempt === undefined || command.attempt !== hold.attempt)) return refused({ kind: 'payment-in-progress' });
  return giveUp(scene, command.kind, hold, 'released');
}

export function decideExpire(scene: Scene, command: CommandOf<'expire'>): Decision {
  const hold = scene.rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  if (hold.state === 'expired') return did('expire', scene.rows.view(hold), { again: true });
  if (hold.state !== 'live' || !hold.expired) return refused({ kind: 'hold-state', state: hold.state, order: hold.order });
  return giveUp(scene, command.kind, hold, 'expired');
}

function giveUp(scene: Scene, kind: 'release' | 'expire', hold: HoldRow, state: 'released' | 'expired'): Decision {
  const { rows } = scene;
  if (!haveSeats(scene, hold.seats) || liveSeats(scene, hold.person) === undefined) return 'defer';
  const countsOrder = hold.order !== null && hold.session !== null;
  if (countsOrder && rows.allowance(ORDERS_SCOPE, hold.session) === undefined) return 'defer';
  moveOwnSeats(scene, hold, hold.seats, 'free');
  addLiveSeats(scene, hold.person, -hold.seats.length);
  if (countsOrder) rows.add(ORDERS_SCOPE, hold.session, -1);
  if (lapsesWith(kind, hold)) rows.addLapse(hold.person, hold.seats);
  // When it ended: until then its session held something.
  const over = rows.changeHold(hold.id, { state, awaiting: false }, kind === 'release' ? 0 : null);
  return did(kind, rows.view(over), { changed: hold.seats });
}

/** Sold seats come back when their tickets were cancelled. The order stays counted: the entry has had it. */
export function decideReturn(scene: Scene, command: CommandOf<'return'>): Decision {
  const { rows } = scene;
  const hold = rows.hold(command.hold);
  if (hold === undefined) return 'defer';
  const coming = command.seats.filter((seat) => hold.seats.includes(seat));
  if (hold.state === 'released' || (hold.state === 'settled' && coming.length === 0)) return did('return', rows.view(hold), { again: true });
  if (hold.state !== 'settled') return refused({ kind: 'hold-state', state: hold.state, order: hold.order });
  if (!haveSeats(scene, coming) || liveSeats(scene, hold.person) === undefined) return 'defer';
  moveOwnSeats(scene, hold, coming, command.to);
  addLiveSeats(scene, hold.person, -coming.length);
  const left = hold.seats.filter((seat) => !coming.includes(seat));
  const after = rows.changeHold(hold.id, { seats: left, state: left.length === 0 ? 'released' : 'settled' });
  return did('return', rows.view(after), { changed: coming });
}

export function decideBlock(scene: Scene, command: CommandOf<'block' | 'unblock'>): Decision {
  const { rows } = scene;
  if (!haveSeats(scene, command.seats)) return 'defer';
  const [from, to] = command.kind === 'block' ? (['free', 'blocked'] as const) : (['blocked', 'free'] as const);
  const changed = command.seats.filter((seat) => rows.seat(seat)?.state === from);
  rows.setSeats(changed, to, null);
  return did(command.kind, null, { changed, untouched: command.seats.filter((seat) => !changed.includes(seat)), again: changed.length === 0 });
}
