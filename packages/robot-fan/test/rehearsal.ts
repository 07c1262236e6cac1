import { ADMISSION_PREFIX, BOOKING_PREFIX, type LayoutReply } from '@onsale/contract';
import { findViolations } from '@onsale/booking';
import { openDatabase } from '@onsale/database';
import { seededRandom, type RoomId } from '@onsale/kernel';
import {
  judgeArrivals, judgeCapacity, judgeNotes, judgeOrder, judgeRate, judgeRedeems, judgeSeats, makeReport, Observations, openWire, runCrowd, type CrowdPlan, type JournalEntry,
  type Judgement, type Report, type World,
} from '@onsale/robot-fan';
import { findMoneyViolations } from '@onsale/sales';
import type { WholeSystem } from '@onsale/testing';
import { openRoomConnection, readJournal } from '@onsale/waiting-room';

/** A crowd against a whole system of processes, spread over all of them, and judged from the stores themselves. */
export type Rehearsal = { readonly world: World; readonly run: (plan: Partial<CrowdPlan>) => Promise<Report>; readonly close: () => Promise<void> };

const PLAN: CrowdPlan = { fans: 200, arrivalMs: 3_000, pollShare: 0.3, thinkMsMax: 300 };
const JOURNAL_PAGE = 1_000;
const NOTED = ['W4', 'W5', 'W6', 'B2', 'B3', 'B4', 'B6', 'robot'];

export async function openRehearsal(system: WholeSystem, seed: string, seconds: number, room = 'demo'): Promise<Rehearsal> {
  const random = seededRandom(seed);
  let turn = 0;
  const originOf = (path: string): string => {
    const apps = system.apps(path.startsWith(ADMISSION_PREFIX) ? 'admission' : 'booking').filter((app) => app.process.running);
    return apps[(turn += 1) % Math.max(1, apps.length)]?.url ?? 'http://127.0.0.1:1';
  };
  const gate = openWire(originOf, 32);
  const sandbox = openWire(system.apps('sandbox')[0]?.url ?? '', 16);
  const layout = await gate.send<LayoutReply>('GET', `${BOOKING_PREFIX}/shows/${room}/layout`);
  if (layout.status !== 200) throw new Error(`no layout: ${layout.status} ${JSON.stringify(layout.body)}`);
  const observations = new Observations();
  const world: World = { gate, room, shop: { show: room, sandbox, layout: layout.body }, random, observations, nowMs: () => performance.now(), signal: AbortSignal.timeout(seconds * 1_000) };
  const run = async (plan: Partial<CrowdPlan>): Promise<Report> => {
    const startedAt = performance.now();
    await runCrowd(world, { ...PLAN, ...plan }, random, () => undefined, 1_000);
    return makeReport(observations, await judge(system, observations, room as RoomId), (performance.now() - startedAt) / 1_000);
  };
  return {
    world,
    run,
    close: async () => {
      await Promise.all([gate.close(), sandbox.close()]);
    },
  };
}

export async function judge(system: WholeSystem, observations: Observations, room: RoomId): Promise<Judgement[]> {
  const journal = await wholeJournal(system, room);
  const database = openDatabase({ url: system.mariadb.url, reads: 2, statementMs: 60_000 });
  const found = await Promise.all([findViolations(database.reads), findMoneyViolations({ database })]).finally(() => database.close());
  const all = [...found[0], ...found[1].map(({ detail }) => ({ invariant: 'B3', detail }))];
  const store = ['B1', 'B3', 'B4', 'B6'].map((invariant) => {
    const violations = all.filter((violation) => violation.invariant === invariant).map(({ detail }) => detail);
    return { invariant: `${invariant} store`, checked: 1, violations, note: '' };
  });
  return [
    judgeCapacity(journal), judgeRate(journal), judgeOrder(journal), judgeRedeems(journal), judgeArrivals(observations.fans), judgeSeats(observations.fans),
    ...judgeNotes(observations.violations, NOTED), ...store,
  ];
}

async function wholeJournal(system: WholeSystem, room: RoomId): Promise<JournalEntry[]> {
  const connection = openRoomConnection(system.redis.url);
  await connection.ready();
  const entries: JournalEntry[] = [];
  for (let after = '0'; ; ) {
    const page = (await readJournal(connection, room, after, JOURNAL_PAGE)) as unknown as JournalEntry[];
    entries.push(...page);
    if (page.length < JOURNAL_PAGE) break;
    after = page.at(-1)?.id ?? after;
  }
  await connection.close();
  return entries;
}
