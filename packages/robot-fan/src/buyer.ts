import { randomBytes } from 'node:crypto';
import {
  BOOKING_PREFIX,
  CLIENT_KEY_HEADER,
  ORDER_KEY_HEADER,
  type HoldReply,
  type OrderReply,
  type PaymentReply,
  type SessionReply,
} from '@onsale/contract';
import { randomBelow } from '@onsale/kernel';
import type { Character } from './behaviour.ts';
import { bearer, codeOf, pause, type World } from './world.ts';
import type { FanRecord } from './observations.ts';
import type { Answer } from './wire.ts';

/** The booking side of a robot: redeem → hold → order → pay at the sandbox → confirm → tickets. */
export type Key = { readonly clientKey: string; readonly entryToken: string };
type Session = { readonly headers: Record<string, string>; readonly reply: SessionReply };

/** About two minutes: enough to outlast the restart of any process, and a database that is away for one. */
const TRIES_MAX = 120;
const HOLD_TRIES_MAX = 120;
/** How far the robot's clock and the database's may drift apart over one hold. */
const CLOCKS_APART_MS = 5_000;
const CONFIRM_LOOKS_MAX = 240;
/** Everybody wants the first rows: the map pickers fight over this many seats. */
const POPULAR_SEATS = 3_000;

export async function buyTickets(world: World, character: Character, key: Key, record: FanRecord): Promise<void> {
  const session = await redeem(world, key, record);
  if (session === null) return;
  if (character.kind === 'replayer') await replay(world, key, session);
  const hold = await holdSeats(world, character, session, record);
  if (hold === null) return await goHome(world, session, record);
  const heldAtMs = world.nowMs();
  await pause(world, character.thinkMs);
  if (character.kind === 'browser') {
    for (const held of record.holds) held.isGivenBack = true;
    await world.gate.send('DELETE', `${BOOKING_PREFIX}/shows/${world.shop.show}/holds/${hold.id}`, { headers: session.headers });
    record.outcome = 'browsed';
    return await goHome(world, session, record);
  }
  const order = await placeOrder(world, session, hold, heldAtMs, record);
  if (order === null) return await goHome(world, session, record);
  await pay(world, character, order, record);
}

async function redeem(world: World, key: Key, record: FanRecord): Promise<Session | null> {
  const answer = await persistently(world, 'redeem', () => world.gate.send<SessionReply>('POST', `${BOOKING_PREFIX}/entry`, { body: key }));
  if (answer.status !== 200 && answer.status !== 201) {
    record.outcome = `not-redeemed ${codeOf(answer)}`;
    return null;
  }
  return { reply: answer.body, headers: { ...bearer(answer.body.session ?? ''), [CLIENT_KEY_HEADER]: key.clientKey } };
}

/** W6: neither the token nor the session opens anything for another client. */
async function replay(world: World, key: Key, session: Session): Promise<void> {
  const thief = randomBytes(16).toString('base64url');
  const token = await world.gate.send('POST', `${BOOKING_PREFIX}/entry`, { body: { entryToken: key.entryToken, clientKey: thief } });
  if (token.status >= 200 && token.status < 300) world.observations.violation('W6', 'an entry token opened booking for another client');
  world.observations.refusal('replayed token', codeOf(token));
  const write = await world.gate.send('POST', `${BOOKING_PREFIX}/shows/${world.shop.show}/holds`, {
    body: { bestAvailable: { quantity: 1 } },
    headers: { ...session.headers, [CLIENT_KEY_HEADER]: thief, 'idempotency-key': newKey() },
  });
  if (write.status >= 200 && write.status < 300) world.observations.violation('W6', 'an entry session held seats for another client');
  world.observations.refusal('replayed session', codeOf(write));
}

async function holdSeats(world: World, character: Character, session: Session, record: FanRecord): Promise<HoldReply | null> {
  let chosen = character.picks === 'map' ? popularSeats(world, character.quantity) : null;
  let key = newKey();
  for (let attempt = 0; attempt < HOLD_TRIES_MAX && !world.signal.aborted; attempt += 1) {
    const body = chosen === null ? { bestAvailable: { quantity: character.quantity } } : { seats: chosen };
    const headers = { ...session.headers, 'idempotency-key': key };
    const answer = await world.gate.send<HoldReply & { alternatives?: number[][] }>('POST', `${BOOKING_PREFIX}/shows/${world.shop.show}/holds`, {
      body,
      headers,
    });
    world.observations.step('hold', answer.ms);
    if (answer.status === 201 || answer.status === 200) return checkedHold(world, character, answer.body, record);
    const code = codeOf(answer);
    world.observations.refusal('hold', code);
    if (code === '409 sold-out' || answer.status === 401 || code === '429 too-many-attempts' || answer.status === 403) {
      record.outcome = code;
      return null;
    }
    // An answer that was lost may have been a yes: the same request again. Any other refusal: another request.
    if (answer.status !== 0 && answer.status < 500) {
      key = newKey();
      chosen = code === '409 seat-taken' && attempt < 3 ? (answer.body.alternatives?.[0] ?? null) : null;
    }
    await pause(world, answer.retryAfterMs ?? 100 + world.random() * 200);
  }
  record.outcome = 'no-seats';
  return null;
}

/** B4 and B6 as a buyer can see them: as many seats as asked for, and the price is the sum of its parts. */
function checkedHold(world: World, character: Character, hold: HoldReply, record: FanRecord): HoldReply {
  record.holds.push({ id: hold.id, seats: hold.seats.map(({ seat }) => seat), remainingMs: hold.remainingMs, atMs: world.nowMs(), isGivenBack: false });
  if (hold.seats.length > character.quantity) world.observations.violation('B4', `asked for ${character.quantity} seats, got ${hold.seats.length}`);
  const sum = hold.seats.reduce((total, seat) => total + seat.price + seat.fee, 0);
  if (sum !== hold.amount) world.observations.violation('B6', `hold ${hold.id}: seats add up to ${sum}, amount says ${hold.amount}`);
  return hold;
}

function popularSeats(world: World, quantity: number): number[] {
  const first = randomBelow(world.random, Math.min(POPULAR_SEATS, world.shop.layout.seats) - quantity);
  const row = world.shop.layout.sections.flatMap(({ rows }) => rows).find((candidate) => first < candidate.first + candidate.count);
  const start = row === undefined ? first : Math.max(row.first, Math.min(first, row.first + row.count - quantity));
  return Array.from({ length: quantity }, (_, index) => start + index);
}

async function placeOrder(world: World, session: Session, hold: HoldReply, heldAtMs: number, record: FanRecord): Promise<OrderReply | null> {
  const headers = { ...session.headers, 'idempotency-key': newKey() };
  const body = { show: world.shop.show, hold: hold.id };
  const answer = await persistently(world, 'order', () => world.gate.send<OrderReply>('POST', `${BOOKING_PREFIX}/orders`, { body, headers }));
  if (answer.status !== 201 && answer.status !== 200) {
    record.outcome = `no-order ${codeOf(answer)}`;
    const lost = answer.status === 404 || answer.status === 410;
    if (lost && world.nowMs() - heldAtMs < hold.remainingMs - CLOCKS_APART_MS) world.observations.violation('B2', `hold ${hold.id} was gone before its time`);
    return null;
  }
  if (answer.body.amount !== hold.amount) world.observations.violation('B6', `order ${answer.body.id} costs ${answer.body.amount}, its hold ${hold.amount}`);
  record.orderId = answer.body.id;
  return answer.body;
}

async function pay(world: World, character: Character, order: OrderReply, record: FanRecord): Promise<void> {
  const owner = { [ORDER_KEY_HEADER]: order.orderKey ?? '' };
  const outcomes = character.kind === 'unlucky' ? ['REJECT_CARD_PAYMENT', 'approve'] : ['approve'];
  for (const outcome of outcomes) {
    const headers = { ...owner, 'idempotency-key': newKey() };
    const opened = await persistently(world, 'payment', () =>
      world.gate.send<PaymentReply>('POST', `${BOOKING_PREFIX}/orders/${order.id}/payments`, { headers }),
    );
    if (opened.status !== 201 && opened.status !== 200) {
      record.outcome = `not-paid ${codeOf(opened)}`;
      return;
    }
    const confirmed = await payAttempt(world, order, opened.body, owner, outcome);
    if (confirmed?.state === 'paid') return remember(world, record, order, confirmed);
    if (outcome !== 'approve') continue;
    record.outcome = `not-paid ${confirmed?.state ?? 'refused'}`;
    // The buyer approved and came back in time: a clock must not have ended the order.
    const endedByClock = confirmed !== null && (confirmed.state === 'expired' || confirmed.state === 'cancelled');
    if (endedByClock) world.observations.violation('B5', `order ${order.id} became ${confirmed.state} while its payment was being confirmed`);
  }
}

async function payAttempt(
  world: World,
  order: OrderReply,
  payment: PaymentReply,
  owner: Record<string, string>,
  outcome: string,
): Promise<OrderReply | null> {
  const window = { tossClientKey: payment.tossClientKey, orderId: payment.providerOrderId, amount: payment.amount, outcome };
  const atProvider = await persistently(world, 'window', () =>
    world.shop.sandbox.send<{ paymentKey: string }>('POST', '/control/payments', { body: window }),
  );
  if (atProvider.status >= 300 || atProvider.status === 0) return null;
  const body = { paymentKey: atProvider.body.paymentKey, orderId: payment.providerOrderId, amount: payment.amount };
  const path = `${BOOKING_PREFIX}/orders/${order.id}`;
  const answer = await persistently(world, 'confirm', () =>
    world.gate.send<OrderReply>('POST', `${path}/payments/${payment.n}/confirm`, { body, headers: owner }),
  );
  // 409: an earlier asking, whose answer was lost, is being carried out; the order tells how it ended.
  if (answer.status === 402 || answer.status === 410) return null;
  let seen: Answer<OrderReply> = answer;
  for (let look = 0; look < CONFIRM_LOOKS_MAX && seen.body?.state !== 'paid' && !world.signal.aborted; look += 1) {
    await pause(world, 500);
    seen = await world.gate.send<OrderReply>('GET', path, { headers: owner });
    if (seen.status === 200 && !['confirming', 'paying', 'paid'].includes(seen.body.state)) break;
  }
  return seen.status >= 200 && seen.status < 300 ? seen.body : null;
}

function remember(world: World, record: FanRecord, order: OrderReply, paid: OrderReply): void {
  record.outcome = 'paid';
  record.paidAtMs = world.nowMs();
  record.seats = paid.seats.map(({ seat }) => seat);
  record.amount = paid.amount;
  record.tickets = paid.tickets.length;
  if (paid.tickets.length !== paid.seats.length)
    world.observations.violation('B3', `order ${order.id} is paid with ${paid.tickets.length} tickets for ${paid.seats.length} seats`);
}

/** Leaving gives back what is held. */
async function goHome(world: World, session: Session, record: FanRecord): Promise<void> {
  for (const held of record.holds) held.isGivenBack = true;
  await world.gate.send('DELETE', `${BOOKING_PREFIX}/entry`, { headers: session.headers });
}

/** No answer, a server that cannot now, too many at once, rows that somebody else has at the moment. */
const mayPass = (answer: Answer): boolean => answer.status === 0 || answer.status >= 500 || answer.status === 429 || codeOf(answer) === '409 seat-busy';

/** Repeats what was shed or lost, with the same Idempotency-Key inside `ask`; a refusal is an answer. */
async function persistently<Body>(world: World, step: string, ask: () => Promise<Answer<Body>>): Promise<Answer<Body>> {
  let answer = await ask();
  world.observations.step(step, answer.ms);
  for (
    let attempt = 1;
    attempt < TRIES_MAX && mayPass(answer) && !world.signal.aborted;
    attempt += 1
  ) {
    world.observations.refusal(step, codeOf(answer));
    await pause(world, (answer.retryAfterMs ?? 400) * (0.5 + world.random()));
    answer = await ask();
    world.observations.step(step, answer.ms);
  }
  if (answer.status >= 400) world.observations.refusal(step, codeOf(answer));
  return answer;
}

const newKey = (): string => randomBytes(12).toString('base64url');
