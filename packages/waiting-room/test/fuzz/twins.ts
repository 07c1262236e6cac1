import { randomBytes } from 'node:crypto';
import { invariant, parseRoomId, placeOf, valueOf, type Place, type RoomId } from '@onsale/kernel';
import { forgetRoom, keysOf, type CalledCursor, type JoinReply, type RoomConnection, type RoomSettings } from '../../src/index.ts';
import type { ModelData, ModelRoom } from '../../src/model/index.ts';
import { settingsFor } from '../room-under-test.ts';
import { compareAll, compareJournals, differ, type Difference } from './compare.ts';
import { holdRedis, type HeldRedis } from './held-redis.ts';
import { copyRoom, putBack, type RoomCopy } from './room-copy.ts';
import { modelSide, redisSide, type Side, type Twin } from './sides.ts';
import { BEGAN_MS, bindingOf, identityOf, OTHER_EPOCH, type Step, type Trace, type Who } from './steps.ts';

/** One room twice: the scripts on Redis and the model. What the world outside remembers stands here once. */
export type Twins = {
  readonly model: ModelRoom;
  readonly room: RoomId;
  readonly connection: RoomConnection;
  readonly held: HeldRedis;
  readonly redisSide: Side;
  readonly modelSide: Side;
  readonly isForging: boolean;
  readonly isForgetful: boolean;
  settings: RoomSettings;
  /** Redis processes so far; the present one's run_id is made of it. */
  processes: number;
  /** What each caller's last tick answered. */
  readonly lastClocks: (number | null)[];
  /** Places each fan was given, oldest first: fans keep receipts when Redis does not. */
  readonly receipts: Map<number, Place[]>;
  /** Numbers of the calls by which places were let in: what their signed tokens say. */
  readonly tokens: Map<Place, number>;
  /** Highest incarnation ever: what a worker keeps where Redis cannot lose it. */
  incarnationSeen: number;
  /** Highest call number ever given. */
  callNoSeen: number;
  cursor: CalledCursor | null;
  copy: { readonly redis: RoomCopy; readonly model: ModelData } | null;
};

export async function openTwins(connection: RoomConnection, trace: Omit<Trace, 'steps'>, twin: Twin): Promise<Twins> {
  const room = valueOf(parseRoomId(`t-fuzz-${randomBytes(6).toString('hex')}`));
  const held = holdRedis(connection, BEGAN_MS, runIdOf(1));
  const model = twin.openModelRoom(runIdOf(1));
  const twins: Twins = {
    model, room, connection, held, redisSide: redisSide(held, room), modelSide: modelSide(twin, model, held), isForging: trace.isForging,
    isForgetful: trace.isForgetful ?? false,
    settings: settingsFor(room, trace.settings), processes: 1, lastClocks: [], receipts: new Map(), tokens: new Map(),
    incarnationSeen: 1, callNoSeen: 0, cursor: null, copy: null,
  };
  const created = await ask(twins, 'configure', (side) => side.configure(twins.settings, { create: true }));
  invariant(created.difference === null && created.reply === 'created', 'the room was not made');
  return twins;
}

export const closeTwins = ({ connection, room }: Twins): Promise<void> => forgetRoom(connection, room);

/** Plays a step on both, compares the reply and then everything there is to read; null: alike. */
export async function play(twins: Twins, step: Step): Promise<Difference | null> {
  const found = await playStep(twins, step);
  if (found !== null) return found;
  const strangers = [placeFor(twins, { fan: OTHER_EPOCH, age: 0 }), placeOf(1, 2 ** 29)];
  return (await compareAll(twins, [...[...twins.receipts.values()].flat(), ...strangers], await moveCursor(twins))) ?? judgeOneLiving(twins);
}

const UNENTERED: ReadonlySet<string> = new Set(['waiting', 'absent', 'missed', 'called']);
/** W4 as seen from outside: of all the places a fan was ever given at most one is still to come. (Tokens let in without asking who holds what.) */
function judgeOneLiving({ receipts, model }: Twins): Difference | null {
  for (const [fan, places] of receipts) {
    const living = places.filter((place) => UNENTERED.has(model.data?.places.get(place)?.state ?? ''));
    if (living.length > 1) return { what: `W4: fan ${fan} holds ${living.join(' and ')}`, redis: living, model: null };
  }
  return null;
}

/** At the end: equal journals that show no rule broken. */
export const judge = (twins: Twins): Promise<Difference | null> => compareJournals(twins, !twins.isForging);

/** The cursor of before, which is what readers of calls come with. */
async function moveCursor(twins: Twins): Promise<CalledCursor | null> {
  const before = twins.cursor;
  const since = await twins.modelSide.readCalled(before);
  twins.cursor = since.word === 'called' ? since.cursor : null;
  return before;
}

const runIdOf = (process: number): string => String(process).padStart(40, '0');

/** Asks both sides the same; `reply` is Redis'. */
async function ask<Reply>(
  twins: Twins, what: string, question: (side: Side) => Reply | Promise<Reply>,
): Promise<{ reply: Reply; difference: Difference | null }> {
  const reply = await question(twins.redisSide);
  return { reply, difference: differ(what, reply, await question(twins.modelSide)) };
}

function placeFor({ receipts, settings }: Twins, { fan, age }: Who): Place {
  if (fan === OTHER_EPOCH) return placeOf(settings.epoch + 1, 1);
  return receipts.get(fan)?.at(-1 - age) ?? placeOf(settings.epoch, 2 ** 29 + fan);
}

async function playStep(twins: Twins, step: Step): Promise<Difference | null> {
  const about = JSON.stringify(step);
  const plain = async (question: (side: Side) => unknown): Promise<Difference | null> => (await ask(twins, about, question)).difference;
  switch (step.verb) {
    case 'join': return playJoin(twins, step.fans);
    case 'keep': return plain((side) => side.keepPlace(step.fans.map((fan) => placeFor(twins, { fan, age: 0 }))));
    case 'tick': return playTick(twins, step);
    case 'return': return plain((side) => side.returnPlace(placeFor(twins, step)));
    case 'finish': return plain((side) => side.finish(placeFor(twins, step)));
    case 'leave': return plain((side) => side.leave(placeFor(twins, step)));
    case 'revoke': return plain((side) => side.revoke(placeFor(twins, step)));
    case 'restore': return plain((side) => side.restore(receiptFor(twins, step)));
    case 'enter': return playEnter(twins, step);
    case 'redeem': return playRedeem(twins, step);
    case 'sweep': return plain((side) => side.sweep());
    case 'reconcile': return playReconcile(twins, step);
    case 'configure': return playConfigure(twins, step);
    case 'copy':
      twins.copy = { redis: await copyRoom(twins.connection, twins.room), model: structuredClone(twins.model.data as ModelData) };
      return null;
    case 'lose':
      if (twins.copy === null) return null;
      await putBack(twins.connection, twins.copy.redis);
      twins.model.data = structuredClone(twins.copy.model);
      return restart(twins);
    case 'restart': return restart(twins);
    case 'readopt': return playReadopt(twins, step.isExpected, about);
    case 'retire': return playRetire(twins, step.epochOff, about);
  }
}

function restart(twins: Twins): null {
  twins.processes += 1;
  twins.held.heldRunId = twins.model.runId = runIdOf(twins.processes);
  return null;
}

async function playReadopt(twins: Twins, isExpected: boolean, about: string): Promise<Difference | null> {
  const expected = isExpected ? (twins.model.data as ModelData).adoptedRunId : runIdOf(0);
  const { reply, difference } = await ask(twins, about, (side) => side.readopt(expected, twins.isForgetful ? 0 : twins.incarnationSeen));
  if ('incarnation' in reply) twins.incarnationSeen = Math.max(twins.incarnationSeen, reply.incarnation);
  return difference;
}

async function playRetire(twins: Twins, epochOff: number, about: string): Promise<Difference | null> {
  const { connection, room, model } = twins;
  const [copy, data] = [await copyRoom(connection, room), structuredClone(model.data)];
  const { reply, difference } = await ask(twins, about, (side) => side.retire(twins.settings.epoch + epochOff));
  if (difference !== null || reply !== 'retired') return difference;
  const left = differ('what is left of a retired room', await connection.redis.exists(...keysOf(room)), 0) ?? differ('its model', model.data, null);
  await putBack(connection, copy);
  model.data = data;
  return left;
}

async function playJoin(twins: Twins, fans: readonly number[]): Promise<Difference | null> {
  const requests = fans.map((fan) => ({ identity: identityOf(fan) }));
  const { reply, difference } = await ask<JoinReply[]>(twins, `join ${fans.join(' ')}`, (side) => side.join(requests));
  for (const [index, row] of reply.entries()) {
    if (row.word !== 'joined') continue;
    const fan = fans[index] as number;
    const { place } = row.view;
    // W3 and W5 as seen from outside, where nothing is forgotten whatever Redis loses.
    const highest = Math.max(0, ...[...twins.receipts.values()].flat());
    if (place <= highest) return { what: `W5: ${place} was issued although ${highest} had been`, redis: row, model: null };
    twins.receipts.set(fan, [...(twins.receipts.get(fan) ?? []), place]);
  }
  return difference;
}

async function playTick(twins: Twins, step: Extract<Step, { verb: 'tick' }>): Promise<Difference | null> {
  twins.held.nowMs += step.wallMs;
  const lastClock = step.isFirst ? null : (twins.lastClocks[step.caller] ?? null);
  const { reply, difference } = await ask(twins, 'tick', (side) => side.call({ lastClock, elapsedMs: step.elapsedMs }));
  twins.lastClocks[step.caller] = reply.word === 'ticked' ? reply.clock : null;
  for (const { callNo } of reply.word === 'ticked' ? reply.called : []) {
    if (callNo <= twins.callNoSeen) return { what: `W4: call ${callNo} although ${twins.callNoSeen} had been given`, redis: reply, model: null };
    twins.callNoSeen = callNo;
  }
  return difference;
}

const receiptFor = (twins: Twins, who: Who): Parameters<Side['restore']>[0] => {
  const place = placeFor(twins, who);
  return {
    room: twins.room, place, order: place, epoch: twins.settings.epoch, incarnation: 1, identity: identityOf(who.fan), binding: bindingOf(who.fan, 0),
    joinedAtMs: 0,
  };
};

async function playEnter(twins: Twins, step: Extract<Step, { verb: 'enter' }>): Promise<Difference | null> {
  const place = placeFor(twins, step);
  const request = { place, binding: bindingOf(step.fan, step.key), kid: step.kid };
  const { reply, difference } = await ask(twins, JSON.stringify(step), (side) => side.enter(request));
  if ('grant' in reply) twins.tokens.set(place, reply.grant.callNo);
  return difference;
}

async function playRedeem(twins: Twins, step: Extract<Step, { verb: 'redeem' }>): Promise<Difference | null> {
  const place = placeFor(twins, step);
  const granted = twins.tokens.get(place);
  if (!twins.isForging && granted === undefined) return null;
  const request = {
    place, callNo: (granted ?? 1) + (twins.isForging ? step.callNoOff : 0), epoch: twins.settings.epoch + step.epochOff,
    binding: bindingOf(step.fan, step.key),
  };
  return (await ask(twins, JSON.stringify(step), (side) => side.redeem(request))).difference;
}

async function playReconcile(twins: Twins, step: Extract<Step, { verb: 'reconcile' }>): Promise<Difference | null> {
  const live = step.live.map(({ key, remainingMs, ...who }) => {
    const place = placeFor(twins, who);
    return { place, callNo: twins.tokens.get(place) ?? 1, binding: bindingOf(who.fan, key), remainingMs };
  });
  const { clock, places } = twins.model.data as ModelData;
  const alive = new Set(live.map(({ place }) => place));
  const without = [...places.values()].filter(({ place, state }) => state === 'redeemed' && !alive.has(place)).map(({ place }) => place);
  // Of the redeemed places without a living session some have had one; the answer is the same for a place of any state.
  const over = without.filter((_, index) => step.over[index % step.over.length] === true);
  const unopened = without.filter((place) => !over.includes(place));
  return (await ask(twins, JSON.stringify(step), (side) => side.reconcile({ sinceClock: clock + step.sinceMs, live, over, unopened }))).difference;
}

async function playConfigure(twins: Twins, step: Extract<Step, { verb: 'configure' }>): Promise<Difference | null> {
  const version = Math.max(1, twins.settings.version + step.versionOff);
  const settings = { ...twins.settings, ...step.changes, version, epoch: twins.settings.epoch + step.epochOff };
  const { reply, difference } = await ask(twins, JSON.stringify(step), (side) => side.configure(settings, { create: false }));
  if (reply === 'configured') twins.settings = settings;
  return difference;
}
