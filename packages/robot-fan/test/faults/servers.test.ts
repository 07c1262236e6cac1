import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '@onsale/database';
import { freePort, type Redis } from '@onsale/services';
import {
  demote, faultProxy, makeOnSale, openWholeSystem, promote, seedOf, smallHall, startReplica, until, type AppName, type AppProcess, type FaultProxy,
  type WholeSystem,
} from '@onsale/testing';
import t, { type Test } from 'tap';
import type { FanRecord } from '@onsale/robot-fan';
import { openRehearsal } from '../rehearsal.ts';
import { openStores } from '../stores.ts';
import { signIn, type Operator } from './operator.ts';
import { everythingEnds, expectClean, paidOf, type Scene } from './scene.ts';

/*
 * Servers that are slow, read-only, away or gone, one after the other, under one crowd that keeps coming.
 *
 *   robots ──► admission ── address ──► Redis A ──► Redis B, once A is demoted
 *         └──► booking × 2 (one on a line of its own, which is cut) ──► MySQL, as a user that a read-only server refuses
 *
 *   each fault: strike ─► the operator brakes ─► it lasts ─► heal ─► the brake is off, and somebody pays, within 30 s
 */
const HEALED_MS = 30_000;
const BRAKE_MS = 10_000;
const ROOM = { layout: smallHall(40, 30), ratePerMinute: 1_200, capacity: 60, callMs: 30_000 };
/** They come all the time; who has not been called when the last fault is over goes home. */
const CROWD = { fans: 330, arrivalMs: 260_000, awayMsMax: 12_000 };
const CROWD_S = 480;

type Fault = {
  readonly name: string;
  readonly lastsMs: number;
  readonly strike: () => Promise<unknown>;
  readonly heal: () => Promise<unknown>;
  /** False: there is no brake without Redis; the operator is told so. */
  readonly brakes: boolean;
};
type Stage = {
  readonly scene: Scene; readonly operator: Operator; readonly victim: AppProcess;
  readonly line: FaultProxy; readonly address: FaultProxy; readonly replica: Redis;
};

async function openStage(t: Test, seed: string): Promise<Stage> {
  const [port, password] = [await freePort(), randomBytes(16).toString('hex')];
  const address = await faultProxy(t, `127.0.0.1:${port}`);
  const env = { REDIS_URL: `redis://:${password}@127.0.0.1:${address.port}` };
  const system = await openWholeSystem({ processes: {}, redis: { port, password }, mariadb: { rights: 'everything' }, env });
  t.teardown(() => system.close());
  const line = await faultProxy(t, system.mariadb.url);
  const asApp = await appUser(system);
  const start = (name: AppName, url = asApp): Promise<AppProcess> => system.startApp(name, { env: { DATABASE_URL: url } });
  for (const name of ['sandbox', 'admission'] as const) await system.startApp(name);
  const victim = await start('booking', line.through(asApp));
  for (const name of ['booking', 'worker', 'ops'] as const) await start(name);
  await makeOnSale(system, ROOM);
  const replica = await startReplica(t, join(system.folder, 'replica'), system.redis.port, password);
  let redis: Redis = system.redis;
  const rehearsal = await openRehearsal(system, seed, CROWD_S, { redisUrl: () => redis.url });
  t.teardown(() => rehearsal.close());
  const scene = { system, rehearsal };
  const operator = await signIn(system, 'demo');
  redis = replica;
  return { scene, operator, victim, line, address, replica };
}

/** What our apps are: everything within their schema, nothing on the server. */
async function appUser(system: WholeSystem): Promise<string> {
  const pool = openPool({ url: system.mariadb.url, connections: 1 });
  const url = new URL(system.mariadb.url);
  await pool.query("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'apps only'");
  await pool.query(`GRANT ALL ON \`${url.pathname.slice(1)}\`.* TO app@'127.0.0.1'`);
  await pool.close();
  [url.username, url.password] = ['app', 'apps only'];
  return url.href;
}

function faultsOf({ scene: { system }, victim, line, address, replica }: Stage): Fault[] {
  const freeze = async (pid: number): Promise<void> => void process.kill(pid, 'SIGSTOP');
  const thaw = async (pid: number): Promise<void> => void process.kill(pid, 'SIGCONT');
  const readOnly = async (value: 0 | 1): Promise<void> => {
    const pool = openPool({ url: system.mariadb.url, connections: 1 });
    await pool.query(`SET GLOBAL read_only = ${value}`);
    await pool.close();
  };
  const { mariadb, redis } = system;
  return [
    { name: 'MySQL read-only', lastsMs: 10_000, strike: () => readOnly(1), heal: () => readOnly(0), brakes: true },
    { name: 'MySQL frozen for 20 s', lastsMs: 20_000, strike: () => freeze(mariadb.pid), heal: () => thaw(mariadb.pid), brakes: true },
    { name: 'MySQL killed', lastsMs: 1_000, strike: () => mariadb.kill(), heal: () => mariadb.restart(), brakes: true },
    {
      name: 'booking frozen, its host cut away', lastsMs: 20_000, brakes: true,
      strike: async () => { await freeze(victim.process.pid); line.freeze(); },
      heal: async () => { line.cut(); line.heal(); await thaw(victim.process.pid); },
    },
    { name: 'Redis frozen', lastsMs: 8_000, strike: () => freeze(redis.pid), heal: () => thaw(redis.pid), brakes: false },
    {
      name: 'Redis demoted, a new primary behind the address', lastsMs: 1_000, brakes: false,
      // For a moment there is no primary at all; A keeps its clients.
      strike: () => demote(redis.url, 1, redis.password),
      heal: async () => { await promote(replica.url); address.leadTo(replica.url); },
    },
    { name: 'MySQL frozen for 60 s', lastsMs: 60_000, strike: () => freeze(mariadb.pid), heal: () => thaw(mariadb.pid), brakes: true },
  ];
}

/** Past the limit that a file has by default: 120 s of faults, and as long to heal on a busy machine. */
const ALL_MS = 600_000;
t.setTimeout(ALL_MS);

/** Outcomes of a robot that lost what it had, whatever it did. */
const LOST = /^(never-joined|not-entered|not-redeemed|lapsed|no-order|not-paid|robot-broke|401|403)/;
/** A look at the provider that was leased when the database went away comes back. */
const THROUGH_MS = 120_000;

t.test('servers slow, read-only, away and gone in mid-crowd: nothing is lost, the brake works, all heals', { timeout: ALL_MS }, async (t) => {
  const stage = await openStage(t, seedOf(t));
  const { scene, operator } = stage;
  const { rehearsal } = scene;
  const crowd = rehearsal.run(CROWD);
  for (const fault of faultsOf(stage)) {
    const before = paidOf(scene);
    await until(`somebody pays before: ${fault.name}`, () => paidOf(scene) > before + 2, 60_000);
    await fault.strike();
    const struckAt = performance.now();
    if (fault.brakes) {
      const ms = await operator.put('paused', BRAKE_MS);
      t.pass(`${fault.name}: the brake was on after ${Math.round(ms)} ms`);
    }
    await sleep(Math.max(0, fault.lastsMs - (performance.now() - struckAt)));
    await fault.heal();
    const healedAt = performance.now();
    await operator.put('open', HEALED_MS);
    const paid = paidOf(scene);
    await until(`${fault.name}: somebody pays again`, () => paidOf(scene) > paid, HEALED_MS - (performance.now() - healedAt));
    t.pass(`${fault.name}: healed after ${Math.round(performance.now() - healedAt)} ms`);
  }
  // Nobody is called any more; who has been called comes to the end, and who still waits goes home.
  await operator.put('paused', BRAKE_MS);
  const isThrough = ({ calledAtMs, outcome }: FanRecord): boolean => calledAtMs === null || !['not-started', 'not-entered'].includes(outcome);
  await until('everybody who was called is through', () => rehearsal.world.observations.fans.every(isThrough), THROUGH_MS).catch(() => undefined);
  rehearsal.goHome();
  const report = await crowd;
  expectClean(t, report);
  const lost = Object.entries(report.outcomes).filter(([outcome]) => LOST.test(outcome));
  t.same(lost, [], 'no fan who went on asking lost a place, an order or money');
  t.same((await rehearsal.showReceipts()).violations, [], 'every place whose receipt is shown is at its own order');
  const stores = openStores(scene.system.mariadb.url);
  t.teardown(() => stores.close());
  t.same(await everythingEnds(scene), {}, 'no order, payment, hold or message is left under way');
  const [[doubles]] = await stores.pool.query('SELECT COUNT(*) AS n FROM (SELECT seat_no FROM ticket GROUP BY show_id, seat_no HAVING COUNT(*) > 1) AS twice');
  t.equal(Number(doubles?.['n']), 0, 'no seat was sold twice');
});
