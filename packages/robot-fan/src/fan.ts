import { randomBytes } from 'node:crypto';
import { ADMISSION_PREFIX, type EntryReply, type PlaceReply } from '@onsale/contract';
import type { Character } from './behaviour.ts';
import { buyTickets } from './buyer.ts';
import { POSITIONS_KEPT_MAX, type FanRecord } from './observations.ts';
import { watchByPolling, watchBySocket, type Watch } from './place-watch.ts';
import { bearer, codeOf, pause, type World } from './world.ts';

/**
 * One fan as a program, over HTTP and WebSocket only:
 *
 *   join ─► waiting ─► called ─► entered ─► booking (buyer.ts) ─► out
 *             │ leaves, forgets, wanders off and comes back with the receipt
 */

/** About two minutes of a server that cannot: people who want tickets go on asking. */
const JOIN_TRIES_MAX = 120;
const ENTER_TRIES_MAX = 120;
/** How often a fan goes back to the line after a call that Redis has forgotten, or that was missed. */
const TURNS_MAX = 5;

export async function liveAsFan(world: World, character: Character, record: FanRecord): Promise<void> {
  const clientKey = randomBytes(16).toString('base64url');
  const joined = await join(world, clientKey, record);
  if (joined === null) return;
  if (character.kind === 'doubler') await joinAgain(world, clientKey, joined);
  const receipt = joined.receipt ?? '';
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    const called = await waitForCall(world, character, receipt, joined, record);
    if (called !== 'called') {
      record.outcome = called;
      return;
    }
    record.calledAtMs ??= world.nowMs();
    if (character.kind === 'forgetful') {
      record.outcome = 'forgot';
      return;
    }
    await pause(world, character.thinkMs);
    const entry = await enter(world, receipt, record);
    if (entry === 'refused') return;
    if (entry !== 'not-called') return await buyTickets(world, character, { clientKey, entryToken: entry.entryToken }, record);
  }
}

async function join(world: World, clientKey: string, record: FanRecord): Promise<PlaceReply | null> {
  const path = `${ADMISSION_PREFIX}/rooms/${world.room}/places`;
  for (let attempt = 0; attempt < JOIN_TRIES_MAX && !world.signal.aborted; attempt += 1) {
    record.joinSentAtMs ??= world.nowMs(); // the first asking counts: its answer may have been lost after the place was given
    const answer = await world.gate.send<PlaceReply>('POST', path, { body: { clientKey } });
    world.observations.step('join', answer.ms);
    if (answer.status === 200 || answer.status === 201) {
      record.place = answer.body.place;
      record.order = answer.body.order;
      record.receipt = answer.body.receipt ?? null;
      record.joinedAtMs = world.nowMs();
      return answer.body;
    }
    world.observations.refusal('join', codeOf(answer));
    await pause(world, (answer.retryAfterMs ?? 500) * (0.5 + world.random()));
  }
  record.outcome = 'never-joined';
  return null;
}

/** W4: one identity, one living place; join answers the same. */
async function joinAgain(world: World, clientKey: string, first: PlaceReply): Promise<void> {
  const answer = await world.gate.send<PlaceReply>('POST', `${ADMISSION_PREFIX}/rooms/${world.room}/places`, { body: { clientKey } });
  if (answer.status === 201 || (answer.status === 200 && answer.body.place !== first.place)) {
    world.observations.violation('W4', `one key got places ${first.place} and ${answer.body.place}`);
  }
}

type WaitOutcome = 'called' | 'left' | 'lapsed' | 'time-over';

async function waitForCall(world: World, character: Character, receipt: string, joined: PlaceReply, record: FanRecord): Promise<WaitOutcome> {
  return await new Promise<WaitOutcome>((resolve) => {
    let watch: Watch | undefined;
    const timers: NodeJS.Timeout[] = [];
    const finish = (outcome: WaitOutcome): void => {
      watch?.stop();
      for (const timer of timers) clearTimeout(timer);
      world.signal.removeEventListener('abort', over);
      resolve(outcome);
    };
    const over = (): void => finish('time-over');
    world.signal.addEventListener('abort', over);
    const onMe = (me: PlaceReply): void => {
      if (me.order !== joined.order) world.observations.violation('W5', `place ${joined.place} went from order ${joined.order} to ${me.order}`);
      if (me.position !== null && record.positions.length < POSITIONS_KEPT_MAX) record.positions.push(me.position);
      if (me.needsReturn) void world.gate.send('POST', `${ADMISSION_PREFIX}/rooms/${world.room}/places/me/return`, { headers: bearer(receipt) });
      if (me.state === 'called' || me.state === 'entered') finish('called');
      if (me.state === 'lapsed' || me.state === 'left') finish(me.state);
    };
    const start = (): void => {
      const handlers = {
        onMe,
        onFrame: () => (world.observations.frames += 1),
        onLost: (code: number) => world.observations.refusal('socket', String(code)),
      };
      watch =
        character.channel === 'socket'
          ? watchBySocket(world.gate, world.room, receipt, world.random, handlers)
          : watchByPolling(world.gate, world.room, receipt, handlers);
      if (character.channel === 'socket') world.observations.sockets += 1;
    };
    if (character.kind === 'leaver') {
      timers.push(setTimeout(() => void leave(world, receipt).then(() => finish('left')), character.awayMs));
    }
    if (character.kind === 'wanderer') timers.push(setTimeout(start, character.awayMs));
    else start();
  });
}

async function leave(world: World, receipt: string): Promise<void> {
  const answer = await world.gate.send('DELETE', `${ADMISSION_PREFIX}/rooms/${world.room}/places/me`, { headers: bearer(receipt) });
  world.observations.step('leave', answer.ms);
}

/** `not-called`: back to the line. */
async function enter(world: World, receipt: string, record: FanRecord): Promise<EntryReply | 'not-called' | 'refused'> {
  for (let attempt = 0; attempt < ENTER_TRIES_MAX && !world.signal.aborted; attempt += 1) {
    const answer = await world.gate.send<EntryReply>('POST', `${ADMISSION_PREFIX}/rooms/${world.room}/places/me/entry`, { headers: bearer(receipt) });
    world.observations.step('enter', answer.ms);
    if (answer.status === 200 || answer.status === 201) {
      record.enteredAtMs = world.nowMs();
      record.outcome = 'not-started';
      return answer.body;
    }
    world.observations.refusal('enter', codeOf(answer));
    record.outcome = 'not-entered';
    if (codeOf(answer) === '409 not-called') return 'not-called';
    if (answer.status === 409 || answer.status === 410 || answer.status === 401) break;
    await pause(world, (answer.retryAfterMs ?? 500) * (0.5 + world.random()));
  }
  return 'refused';
}
