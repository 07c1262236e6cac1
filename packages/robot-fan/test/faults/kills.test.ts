import { pick, randomBelow, seededRandom, type Random } from '@onsale/kernel';
import { printReport } from '@onsale/robot-fan';
import { seedOf, type AppName } from '@onsale/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { openStores } from '../stores.ts';
import { crowdDoes, everythingEnds, expectClean, openScene, paidOf, violationsOf, type Scene } from './scene.ts';

/*
 * kill -9 in mid-crowd. Robots come through the gateway and go on as people do: whatever was lost is asked again. Nothing they were
 * promised may be missing afterwards.
 *
 *   crowd arrives ─► each victim in turn: kill -9, a moment, start again ─► the crowd ends ─► promises, receipts ─► everything ends
 */
type Victim = { readonly name: string; kill(): Promise<void>; restart(): Promise<void> };

/** Each blow falls among people who hold, order and pay. */
async function strike(scene: Scene, victim: Victim, random: Random, say: (text: string) => void): Promise<void> {
  const before = paidOf(scene);
  await crowdDoes(scene, `somebody pays before ${victim.name} is killed`, () => paidOf(scene) > before);
  await sleep(randomBelow(random, 700));
  await victim.kill();
  say(`kill -9 of ${victim.name} after ${paidOf(scene)} had paid`);
  await sleep(200 + randomBelow(random, 800));
  await victim.restart();
}

// As long as both tests may take; a file has less by default.
t.setTimeout(360_000);

t.test('kill -9 of every process, of MariaDB and of Redis in mid-crowd loses nothing that was promised', { timeout: 240_000 }, async (t) => {
  const seed = seedOf(t);
  const random = seededRandom(`${seed}/kills`);
  const scene = await openScene(t, { seed, seconds: 150, system: { processes: { sandbox: 1, admission: 1, booking: 1, worker: 1, ops: 1, web: 1 } } });
  const { system, rehearsal } = scene;
  const app = (name: AppName): Victim => system.apps(name)[0] as Victim;
  const crowd = rehearsal.run({ fans: 300, arrivalMs: 14_000, awayMsMax: 12_000 });
  const last = pick(random, [app('booking'), system.mariadb]);
  for (const victim of [app('booking'), app('admission'), system.mariadb, app('worker'), app('sandbox'), app('web'), system.redis, app('ops'), last]) {
    await strike(scene, victim, random, (text) => t.comment(text));
  }
  const report = await crowd;
  expectClean(t, report);
  t.ok((report.outcomes['paid'] ?? 0) > 130, `${report.outcomes['paid']} fans hold tickets`);
  t.same((await rehearsal.showReceipts()).violations, [], 'every place whose receipt is shown is at its own order');
  t.same(await everythingEnds(scene), {}, 'no order, payment, hold or message is left under way');
});

t.test('negative control: a MariaDB that answers COMMIT before it is durable loses acknowledged holds, and it is seen', { timeout: 120_000 }, async (t) => {
  const seed = seedOf(t);
  const random = seededRandom(`${seed}/control`);
  const scene = await openScene(t, {
    seed,
    seconds: 40,
    system: { processes: { sandbox: 1, admission: 1, booking: 1, worker: 1 }, mariadb: { rights: 'everything' } },
  });
  const { system, rehearsal } = scene;
  const crowd = rehearsal.run({ fans: 60, arrivalMs: 3_000 });
  await crowdDoes(scene, 'somebody pays', () => paidOf(scene) > 0);
  const stores = openStores(system.mariadb.url);
  await stores.pool.query('SET GLOBAL innodb_flush_log_at_timeout = 1000, GLOBAL innodb_flush_log_at_trx_commit = 0');
  await stores.close();
  await crowdDoes(scene, 'some more pay', () => paidOf(scene) > 10);
  await strike(scene, system.mariadb, random, (text) => t.comment(text));
  rehearsal.goHome();
  const report = await crowd;
  t.comment(printReport(report));
  t.ok(violationsOf(report, 'B2 holds').length > 0, `${violationsOf(report, 'B2 holds').length} lost holds were found`);
  t.ok(violationsOf(report, 'B2 orders').length > 0, `${violationsOf(report, 'B2 orders').length} lost orders were found`);
});
