import { ADMISSION_PREFIX, BOOKING_PREFIX, type LayoutReply, type PlaceReply } from '@onsale/contract';
import { findViolations } from '@onsale/booking';
import { openDatabase } from '@onsale/database';
import { seededRandom, type RoomId } from '@onsale/kernel';
import {
  judgeArrivals,
  judgeCapacity,
  judgeHolds,
  judgeNotes,
  judgeOrder,
  judgeOrders,
  judgeRate,
  judgeRedeems,
  judgeSeats,
  makeReport,
  Observations,
  openWire,
  runCrowd,
  type CrowdPlan,
  type FanRecord,
  type JournalEntry,
  type Judgement,
  type Report,
  type World,
} from '@onsale/robot-fan';
import { findMoneyViolations } from '@onsale/sales';
import type { WholeSystem } from '@onsale/testing';
import { openRoomConnection, readJournal } from '@onsale/waiting-room';
import { openStores } from './stores.ts';

/** A crowd against a whole system of processes, spread over all of them, and judged from the stores themselves. */
export type Rehearsal = {
  readonly world: World;
  readonly run: (plan: Partial<CrowdPlan>) => Promise<Report>;
  /** Everybody shows the receipt again: W5. */
  readonly showReceipts: () => Promise<Judgement>;
  /** The crowd's time is over now: `run` ends. */
  readonly goHome: () => void;
  readonly close: () => Promise<void>;
};
export type RehearsalOptions = {
  readonly room?: string;
  /** Where Redis is when the crowd is judged, if not where it was. */
  readonly redisUrl?: () => string;
};

const PLAN: CrowdPlan = { fans: 200, arrivalMs: 3_000, pollShare: 0.3, thinkMsMax: 300 };
const JOURNAL_PAGE = 1_000;
const NOTED = ['W4', 'W5', 'W6', 'B2', 'B3', 'B4', 'B5', 'B6', 'robot'];
const SHOWN_AT_ONCE = 16;
const SHOW_TRIES_MAX = 40;
const SHOW_AGAIN_MS = 500;

export async function openRehearsal(
  system: WholeSystem,
  seed: string,
  seconds: number,
  { room = 'demo', redisUrl = () => system.redis.url }: RehearsalOptions = {},
): Promise<Rehearsal> {
  const random = seededRandom(seed);
  const gate = openWire(doorsOf(system), 32);
  const sandbox = openWire(system.apps('sandbox')[0]?.url ?? '', 16);
  const layout = await gate.send<LayoutReply>('GET', `${BOOKING_PREFIX}/shows/${room}/layout`);
  if (layout.status !== 200) throw new Error(`no layout: ${layout.status} ${JSON.stringify(layout.body)}`);
  const observations = new Observations();
  const home = new AbortController();
  const world: World = {
    gate,
    room,
    shop: { show: room, sandbox, layout: layout.body },
    random,
    observations,
    nowMs: () => performance.now(),
    signal: AbortSignal.any([home.signal, AbortSignal.timeout(seconds * 1_000)]),
  };
  const run = async (plan: Partial<CrowdPlan>): Promise<Report> => {
    const startedAt = performance.now();
    await runCrowd(world, { ...PLAN, ...plan }, random, () => undefined, 1_000);
    return makeReport(observations, await judge(system, observations, room as RoomId, redisUrl()), (performance.now() - startedAt) / 1_000);
  };
  return {
    world,
    run,
    showReceipts: () => showReceipts(world),
    goHome: () => home.abort(),
    close: async () => {
      await Promise.all([gate.close(), sandbox.close()]);
    },
  };
}

/** The gateway where there is one, else every process of an app by turns. */
function doorsOf(system: WholeSystem): (path: string) => string {
  let turn = 0;
  return (path) => {
    const web = system.apps('web')[0];
    if (web !== undefined) return web.url;
    const apps = system.apps(path.startsWith(ADMISSION_PREFIX) ? 'admission' : 'booking').filter((app) => app.process.running);
    return apps[(turn += 1) % Math.max(1, apps.length)]?.url ?? 'http://127.0.0.1:1';
  };
}

export async function judge(system: WholeSystem, observations: Observations, room: RoomId, redisUrl: string = system.redis.url): Promise<Judgement[]> {
  const journal = await wholeJournal(redisUrl, room);
  const database = openDatabase({ url: system.mariadb.url, reads: 2, statementMs: 60_000 });
  const stores = openStores(system.mariadb.url);
  const nowMs = performance.now();
  const [holds, orders, rows, money] = await Promise.all([
    stores.holds(),
    stores.orders(),
    findViolations(database.reads),
    findMoneyViolations({ database }),
  ]).finally(() => Promise.all([database.close(), stores.close()]));
  const all = [...rows, ...money.map(({ detail }) => ({ invariant: 'B3', detail }))];
  const store = ['B1', 'B3', 'B4', 'B6'].map((invariant) => {
    const violations = all.filter((violation) => violation.invariant === invariant).map(({ detail }) => detail);
    return { invariant: `${invariant} store`, checked: 1, violations, note: '' };
  });
  return [
    judgeCapacity(journal),
    judgeRate(journal),
    judgeOrder(journal),
    judgeRedeems(journal),
    judgeArrivals(observations.fans),
    judgeSeats(observations.fans),
    judgeHolds(observations.fans, holds, nowMs),
    judgeOrders(observations.fans, orders),
    ...judgeNotes(observations.violations, NOTED),
    ...store,
  ];
}

async function wholeJournal(redisUrl: string, room: RoomId): Promise<JournalEntry[]> {
  const connection = openRoomConnection(redisUrl);
  await connection.ready();
  const entries: JournalEntry[] = [];
  for (let after = '0'; ;) {
    const page = (await readJournal(connection, room, after, JOURNAL_PAGE)) as unknown as JournalEntry[];
    entries.push(...page);
    if (page.length < JOURNAL_PAGE) break;
    after = page.at(-1)?.id ?? after;
  }
  await connection.close();
  return entries;
}

/** W5: whoever shows the receipt of a place is answered with that place, at its own order. */
async function showReceipts(world: World): Promise<Judgement> {
  const fans = world.observations.fans.filter(({ receipt }) => receipt !== null);
  const violations: string[] = [];
  let checked = 0;
  const left = fans.values();
  const show = async (): Promise<void> => {
    for (const fan of left) {
      const answer = await showReceipt(world, fan);
      checked += 1;
      if (answer.status !== 200)
        violations.push(`the receipt of fan ${fan.fan}, order ${fan.order}, is answered with ${answer.status} ${JSON.stringify(answer.body)}`);
      else if (answer.body.order !== fan.order || answer.body.place !== fan.place)
        violations.push(`fan ${fan.fan} had order ${fan.order} and is shown ${answer.body.order}`);
    }
  };
  await Promise.all(Array.from({ length: SHOWN_AT_ONCE }, show));
  return {
    invariant: 'W5 receipts',
    checked,
    violations: violations.slice(0, 20),
    note: `${violations.length} of ${fans.length} places are not at their own order`,
  };
}

async function showReceipt({ gate, room }: World, { receipt }: FanRecord): Promise<{ status: number; body: PlaceReply }> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await gate.send<PlaceReply>('GET', `${ADMISSION_PREFIX}/rooms/${room}/places/me`, {
      headers: { authorization: `Bearer ${receipt ?? ''}` },
    });
    const isFinal = answer.status !== 0 && answer.status !== 429 && answer.status < 500;
    if (isFinal || attempt === SHOW_TRIES_MAX) return answer;
    await new Promise((over) => {
      setTimeout(over, answer.retryAfterMs ?? SHOW_AGAIN_MS);
    });
  }
}
