import { pick, randomBelow, seededRandom, type Random } from '@onsale/kernel';
import { printReport, type Report } from '@onsale/robot-fan';
import { makeOnSale, openWholeSystem, seedOf, smallHall, until, type SystemOptions, type WholeSystem } from '@onsale/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openRehearsal, type Rehearsal } from '../rehearsal.ts';
import { openStores } from '../stores.ts';

/*
 * kill -9 in mid-crowd. Robots come through the gateway and go on as people do: whatever was lost is asked again. Nothing they were
 * promised may be missing afterwards.
 *
 *   crowd arrives ─► each victim in turn: kill -9, a moment, start again ─► the crowd ends ─► promises, receipts ─► everything ends
 */
const SECONDS_MAX = 150;
const ENDS_WITHIN_MS = 60_000;
const ROOM = { layout: smallHall(30, 30), ratePerMinute: 1_200, capacity: 40, callMs: 5_000 };

type Victim = { readonly name: string; kill(): Promise<void>; restart(): Promise<void> };
type Scene = { readonly system: WholeSystem; readonly rehearsal: Rehearsal };

async function openScene(t: { teardown(close: () => unknown): unknown }, seed: string, options: SystemOptions): Promise<Scene> {
  const system = await openWholeSystem(options);
  t.teardown(() => system.close());
  await makeOnSale(system, ROOM);
  const rehearsal = await openRehearsal(system, seed, SECONDS_MAX);
  t.teardown(() => rehearsal.close());
  return { system, rehearsal };
}

/** Waits until some more have paid, so that each blow falls among people who hold, order and pay. */
async function strike({ rehearsal: { world } }: Scene, victim: Victim, random: Random, say: (text: string) => void): Promise<void> {
  const paid = (): number => world.observations.fans.filter(({ paidAtMs }) => paidAtMs !== null).length;
  const before = paid();
  await until('somebody pays', () => paid() > before || world.signal.aborted, SECONDS_MAX * 1_000);
  await sleep(randomBelow(random, 700));
  await victim.kill();
  await sleep(200 + randomBelow(random, 800));
  await victim.restart();
  say(`kill -9 of ${victim.name} after ${paid()} had paid`);
}

/** Robots that gave up leave holds and open orders: their time passes, and then nothing may be left under way (B3, B5). */
async function everythingEnds({ system }: Scene): Promise<Record<string, number>> {
  const stores = openStores(system.mariadb.url);
  let left: Record<string, number> = {};
  const isOver = async (): Promise<boolean> => {
    await stores.passTime();
    left = await stores.unfinished();
    return Object.keys(left).length === 0;
  };
  await until('everything ends', isOver, ENDS_WITHIN_MS).catch(() => undefined);
  await stores.close();
  return left;
}

function verdict(t: Test, report: Report): void {
  t.comment(printReport(report));
  for (const { invariant, violations } of report.judgements) t.same(violations, [], invariant);
}

t.test('kill -9 of every process and of MariaDB in mid-crowd loses nothing that was promised', { timeout: 240_000 }, async (t) => {
  const seed = seedOf(t);
  const random = seededRandom(`${seed}/kills`);
  const scene = await openScene(t, seed, { processes: { sandbox: 1, admission: 1, booking: 1, worker: 1, web: 1 } });
  const { system, rehearsal } = scene;
  const crowd = rehearsal.run({ fans: 260, arrivalMs: 12_000 });
  const app = (name: 'admission' | 'booking' | 'worker' | 'web' | 'sandbox'): Victim => system.apps(name)[0] as Victim;
  for (const victim of [app('booking'), app('admission'), system.mariadb, app('worker'), app('sandbox'), app('web'), pick(random, [app('booking'), system.mariadb])]) {
    await strike(scene, victim, random, (text) => t.comment(text));
  }
  const report = await crowd;
  verdict(t, report);
  t.ok((report.outcomes['paid'] ?? 0) > 130, `${report.outcomes['paid']} fans hold tickets`);
  t.same((await rehearsal.showReceipts()).violations, [], 'every place whose receipt is shown is at its own order');
  t.same(await everythingEnds(scene), {}, 'no order, payment, hold or message is left under way');
});
