import { createHash } from 'node:crypto';
import { valueOf, parseShowId, type Place, type RoomId } from '@onsale/kernel';
import { openTestRedis, type TestRedis } from '@onsale/testing';
import {
  BATCH_MAX, call, checkJournal, configure, DEFAULT_TIMES, join, keepPlace, readJournal, sweep,
  type CallReply, type JournalEntry, type RoomSettings, type Violation,
} from '@onsale/waiting-room';
import type { Test } from 'tap';

/**
 * A room of the real Redis under a clock the test moves: the worker's caller and sweeper as verbs, minutes in moments. `nowMs` is true time;
 * what Redis takes for the time may differ by `stepTime`.
 */
export type VirtualRoom = {
  readonly redis: TestRedis;
  readonly room: RoomId;
  readonly nowMs: () => number;
  /** New fans at the end of the line. */
  readonly join: (count: number) => Promise<Place[]>;
  readonly keep: (places: readonly Place[]) => Promise<void>;
  /** True time and Redis' time move on by `ms`, then one tick; the sweep follows once a second. */
  readonly tick: (ms: number) => Promise<Extract<CallReply, { word: 'ticked' }>>;
  /** Redis' clock is set wrong, or right again, by `ms`. */
  readonly stepTime: (ms: number) => void;
  readonly journal: () => Promise<JournalEntry[]>;
  readonly violations: () => Promise<Violation[]>;
};

const SWEEP_EVERY_MS = 1_000;

export async function openVirtualRoom(t: Test, settings: Partial<RoomSettings>): Promise<VirtualRoom> {
  const redis = await openTestRedis(t);
  const { connection } = redis;
  const room = redis.newRoom();
  const whole: RoomSettings = {
    room, name: { ko: '방', en: 'room' }, shows: [valueOf(parseShowId('demo'))], phase: 'open', opensAtMs: null, ratePerMinute: 600, capacity: null,
    ...DEFAULT_TIMES, identity: 'device', rejoin: true, version: 1, epoch: 1, ...settings,
  };
  await configure(connection, whole, { create: true });
  const clock = { trueMs: 0, redisMs: 0, last: null as number | null, sweptAtMs: 0 };
  let joined = 0;

  const tick: VirtualRoom['tick'] = async (ms) => {
    clock.trueMs += ms;
    clock.redisMs += ms;
    const reply = await call(connection, room, { lastClock: clock.last, elapsedMs: ms, clockOffsetMs: clock.redisMs });
    if (reply.word !== 'ticked') throw new Error(`tick: ${reply.word}`);
    clock.last = reply.clock;
    if (clock.trueMs - clock.sweptAtMs >= SWEEP_EVERY_MS) {
      clock.sweptAtMs = clock.trueMs;
      for (let swept = await sweep(connection, room); 'more' in swept && swept.more;) swept = await sweep(connection, room);
    }
    return reply;
  };
  const journal = async (): Promise<JournalEntry[]> => {
    const entries: JournalEntry[] = [];
    for (;;) {
      const page = await readJournal(connection, room, entries.at(-1)?.id ?? '0');
      entries.push(...page);
      if (page.length === 0) return entries;
    }
  };
  await tick(0);
  return {
    redis, room, tick, journal,
    nowMs: () => clock.trueMs,
    stepTime: (ms) => { clock.redisMs += ms; },
    join: async (count) => {
      const places: Place[] = [];
      while (places.length < count) {
        const requests = Array.from({ length: Math.min(BATCH_MAX, count - places.length) }, () => ({ identity: identityOf((joined += 1)) }));
        for (const reply of await join(connection, room, requests)) {
          if (!('view' in reply)) throw new Error(`join: ${reply.word}`);
          places.push(reply.view.place);
        }
      }
      return places;
    },
    keep: async (places) => {
      for (let from = 0; from < places.length; from += BATCH_MAX) await keepPlace(connection, room, places.slice(from, from + BATCH_MAX));
    },
    violations: async () => checkJournal(await journal(), true),
  };
}

const identityOf = (fan: number): Buffer => createHash('sha256').update(String(fan)).digest().subarray(0, 16);
