import { randomBytes } from 'node:crypto';
import { numberOf, placeOf, valueOf, parseRoomId, parseShowId, type Place, type RoomId } from '@onsale/kernel';
import {
  call, checkJournal, configure, DEFAULT_TIMES, enter, finish, join, keysOf, leave, openRoomConnection, readJournal, readPlace, redeem, revoke, sweep,
  type CallReply, type JoinReply, type JournalEntry, type RoomConnection, type RoomSettings, type Violation,
} from '../src/index.ts';
import { keyOf } from '../src/keys.ts';
import type { PlaceCase } from '../src/rules/index.ts';

export const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:16379';
const SHOW = valueOf(parseShowId('demo'));

/** A room of its own name on a real Redis with a clock the test moves; `close` removes every key of it. */
export type RoomUnderTest = {
  readonly connection: RoomConnection;
  readonly room: RoomId;
  settings: RoomSettings;
  /** Puts changed settings in force. */
  change(changes: Partial<RoomSettings>): Promise<void>;
  /** One tick of the caller after `ms` of its monotonic time; TIME moves along, plus `jumpMs`. */
  tick(ms?: number, jumpMs?: number): Promise<Extract<CallReply, { word: 'ticked' }>>;
  /** Ticks of `stepMs` until `ms` have passed; answers all called. */
  run(ms: number, stepMs?: number): Promise<Place[]>;
  /** New fans at the end of the line. */
  joinMany(count: number): Promise<Fan[]>;
  close(): Promise<void>;
};
export type Fan = { readonly identity: Buffer; readonly binding: Buffer; readonly place: Place };

export const newIdentity = (): Buffer => randomBytes(16);
export const newBinding = (): Buffer => randomBytes(32);

export function settingsFor(room: RoomId, changes: Partial<RoomSettings> = {}): RoomSettings {
  return {
    room, name: { ko: '방', en: 'room' }, shows: [SHOW], phase: 'open', opensAtMs: null, ratePerMinute: null, capacity: null,
    ...DEFAULT_TIMES, identity: 'device', rejoin: true, version: 1, epoch: 1, ...changes,
  };
}

export async function openRoom(changes: Partial<RoomSettings> = {}, url: string = REDIS_URL): Promise<RoomUnderTest> {
  const connection = openRoomConnection(url);
  await connection.ready();
  const room = valueOf(parseRoomId(`t-${randomBytes(6).toString('hex')}`));
  const clock = { last: null as number | null, offset: 0 };
  const self: RoomUnderTest = {
    connection, room, settings: settingsFor(room, changes),
    async change(next) {
      self.settings = { ...self.settings, version: self.settings.version + 1, ...next };
      await configure(connection, self.settings);
    },
    async tick(ms = 0, jumpMs = 0) {
      clock.offset += ms + jumpMs;
      const reply = await call(connection, room, { lastClock: clock.last, elapsedMs: ms, clockOffsetMs: clock.offset });
      if (reply.word !== 'ticked') throw new Error(`tick: ${reply.word}`);
      clock.last = reply.clock;
      return reply;
    },
    async run(ms, stepMs = 1_000) {
      const called: Place[] = [];
      for (let passed = 0; passed < ms; passed += stepMs) called.push(...(await self.tick(stepMs)).called.map(({ place }) => place));
      return called;
    },
    async joinMany(count) {
      const fans: Fan[] = [];
      for (let start = 0; start < count; start += 256) {
        const identities = Array.from({ length: Math.min(256, count - start) }, newIdentity);
        const replies = await join(connection, room, identities.map((identity) => ({ identity })));
        replies.forEach((reply, index) => fans.push({ identity: identities[index] as Buffer, binding: newBinding(), place: placeIn(reply) }));
      }
      return fans;
    },
    async close() {
      await connection.redis.del(...keysOf(room));
      await connection.close();
    },
  };
  await configure(connection, self.settings, { create: true });
  await self.tick();
  return self;
}

export function placeIn(reply: JoinReply | undefined): Place {
  if (reply === undefined || !('view' in reply)) throw new Error(`no place in ${JSON.stringify(reply)}`);
  return reply.view.place;
}

/** The state of a place as the scripts see it, '-' when the room does not know it. */
export async function stateOf(test: RoomUnderTest, place: Place): Promise<string> {
  const [reply] = await readPlace(test.connection, test.room, [place]);
  return reply?.word === 'place' ? reply.view.state : '-';
}

/** What losing Redis' tail does to one place: every record of it is gone, its number stays issued. */
export async function losePlace(test: RoomUnderTest, place: Place, { andIdentity }: { readonly andIdentity?: Buffer } = {}): Promise<void> {
  const { redis } = test.connection;
  const key = (name: Parameters<typeof keyOf>[1]): string => keyOf(test.room, name);
  for (const name of ['line', 'absent', 'called', 'entered', 'redeemed'] as const) await redis.zrem(key(name), String(place));
  await redis.hdel(key('entries'), String(place));
  await redis.hdel(key('missed'), String(place));
  await redis.setbit(key('present'), numberOf(place), 0);
  if (andIdentity !== undefined) await redis.hdel(key('who'), andIdentity);
}

/** Makes a fan whose place is in the given case, by the real verbs, in a room without rate and capacity. */
export async function fanIn(test: RoomUnderTest, wanted: PlaceCase): Promise<Fan> {
  const { connection, room, settings } = test;
  if (wanted === 'unknown') return { identity: newIdentity(), binding: newBinding(), place: placeOf(1, 2 ** 29) };
  if (wanted === 'epoch') return { identity: newIdentity(), binding: newBinding(), place: placeOf(2, 1) };
  const [fan] = (await test.joinMany(1)) as [Fan];
  const { place, binding } = fan;
  if (wanted === 'absent') {
    await test.run(settings.absentAfterMs * 1.25, settings.absentAfterMs / 4);
    await sweep(connection, room);
    // The ticks called the fan unless the room is paused: cases that need a silent fan pause it before.
  }
  if (['called', 'missed', 'entered', 'redeemed', 'finished', 'lapsed'].includes(wanted)) await test.tick(0);
  if (['entered', 'redeemed', 'finished', 'lapsed'].includes(wanted)) {
    const reply = await enter(connection, room, { place, binding, kid: 'k1' });
    if (!('grant' in reply)) throw new Error(`enter: ${reply.word}`);
    const { callNo } = reply.grant;
    if (wanted === 'redeemed' || wanted === 'finished') await redeem(connection, room, { place, callNo, epoch: 1, binding });
  }
  if (wanted === 'finished') await finish(connection, room, place);
  if (wanted === 'left') await leave(connection, room, place);
  if (wanted === 'revoked') await revoke(connection, room, place);
  if (wanted === 'lost') await losePlace(test, place);
  if (wanted === 'missed') await passTime(test, settings.callMs);
  if (wanted === 'lapsed') await passTime(test, settings.entryTokenMs);
  return fan;
}

/** Lets `ms` of room time pass without calling anybody, then sweeps. */
export async function passTime(test: RoomUnderTest, ms: number): Promise<void> {
  const { phase } = test.settings;
  if (phase !== 'paused') await test.change({ phase: 'paused' });
  const step = Math.min(10_000, test.settings.absentAfterMs / 4);
  await test.run(ms, step);
  while ((await sweepOnce(test)).more);
  if (phase !== 'paused') await test.change({ phase });
}

export async function sweepOnce(test: RoomUnderTest): Promise<Extract<Awaited<ReturnType<typeof sweep>>, { more: boolean }>> {
  const reply = await sweep(test.connection, test.room);
  if (!('more' in reply)) throw new Error(`sweep: ${reply.word}`);
  return reply;
}

export async function journalOf(test: RoomUnderTest): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for (;;) {
    const page = await readJournal(test.connection, test.room, entries.at(-1)?.id ?? '0');
    entries.push(...page);
    if (page.length === 0) return entries;
  }
}
export const violationsOf = async (test: RoomUnderTest): Promise<Violation[]> => checkJournal(await journalOf(test), true);

/** The seed of a random test: from ONSALE_SEED, else new; printed, so that a failure can be played again. */
export function seedOf(t: { comment(text: string): void }): string {
  const seed = process.env['ONSALE_SEED'] ?? randomBytes(4).toString('hex');
  t.comment(`ONSALE_SEED=${seed}`);
  return seed;
}

/** Everything Redis holds of the room. Not DUMP: a hash that is being rehashed dumps differently each time. */
export async function contentsOf({ connection: { redis }, room }: RoomUnderTest): Promise<string> {
  const read: Record<string, (key: string) => Promise<unknown>> = {
    none: async () => null,
    hash: async (key) => Object.entries(await redis.hgetallBuffer(key)).map(([name, value]) => [name, value.toString('hex')]).toSorted(),
    zset: (key) => redis.zrange(key, '0', '-1', 'WITHSCORES'),
    list: (key) => redis.lrange(key, 0, -1),
    stream: (key) => redis.xrange(key, '-', '+'),
    string: async (key) => (await redis.getBuffer(key))?.toString('hex'),
  };
  const all = await Promise.all(keysOf(room).map(async (key) => [key, await read[await redis.type(key)]?.(key)]));
  return JSON.stringify(all, null, 1);
}
