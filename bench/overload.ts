import { BOOKING_PREFIX } from '@onsale/contract';
import { openPool, type Pool } from '@onsale/database';
import type { WholeSystem } from '@onsale/testing';
import { requestsOf } from './holds/http.ts';
import { atLeast, atMost, figure, median, type Figure } from './measure/figures.ts';
import { FANS_PER_HALL, openHalls, type Halls } from './measure/halls.ts';
import { Latencies } from './measure/latencies.ts';
import { CONNECTIONS, load } from './measure/load.ts';
import { canPin, pin, type Cores } from './measure/pin.ts';
import type { Approved } from './measure/purchase.ts';
import { serverStatus } from './measure/server-status.ts';
import { openBenchSystem } from './measure/system.ts';
import { openPayments, probe, type Probe } from './overload/probe.ts';

/**
 * Ten times the connections at which one booking process gives its best: what it cannot serve it refuses at once, and what it serves stays.
 * The load has a core of its own, everything else the other one, so that a crowd of clients takes nothing from the system it asks.
 */
export const GOODPUT_RATIO_MIN = 0.9;
export const REFUSED_P99_MS_MAX = 50;
const TIMES = 10;
/** What the app opens when nothing else is said: POOL_HOT, POOL_MONEY and POOL_READS together. */
const POOL_CONNECTIONS = 12;
const LOAD_CORE = 0;
const SYSTEM_CORE = 1;
/** On one core with its database; the requests of a run are written before. */
const EXPECTED_PER_SECOND_MAX = 6_000;
const WARM_SECONDS = 2;
const PROBE_EVERY_MS = 500;
const SAMPLE_EVERY_MS = 100;

type Run = {
  readonly good: number;
  readonly goodP99Ms: number;
  readonly refused: number;
  readonly refusedP99Ms: number;
  readonly withoutRetryAfter: number;
  readonly lost: number;
  readonly connectionsMost: number;
  readonly probe: Probe;
};

export async function benchOverload({ runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const system = await openBenchSystem({ sandbox: 1, booking: 1 });
  // One connection, so that it can be told from the app's; the halls are opened by others, which are closed again.
  const pool = openPool({ url: system.mariadb.url, connections: 1, queueMax: 2_000, statementMs: 60_000 });
  const pinned = canPin();
  if (!pinned) process.stdout.write('  taskset or a second core is missing: load and system share the cores, and the ratio says little\n');
  const results: { peak: Run[]; flood: Run[] } = { peak: [], flood: [] };
  try {
    for (let run = -1; run < runs; run += 1) {
      for (const name of run % 2 === 0 ? (['peak', 'flood'] as const) : (['flood', 'peak'] as const)) {
        const connections = name === 'peak' ? CONNECTIONS : TIMES * CONNECTIONS;
        const result = await measure(system, pool, pinned, { name: `${name}-${run + 1}`, connections, seconds: run < 0 ? WARM_SECONDS : seconds });
        if (run < 0) continue;
        results[name].push(result);
        process.stdout.write(`  run ${run + 1} of ${runs}, ${name}: ${Math.round(result.good)} holds/s, ${result.refused} refused, ${result.lost} lost\n`);
      }
    }
  } finally {
    if (pinned) pin(process.pid, 'all');
    await pool.close();
    await system.close();
  }
  return figuresOf(results);
}

function pinAll(system: WholeSystem, cores: Cores, loadCores: Cores): void {
  const apps = (['sandbox', 'booking'] as const).map((name) => system.apps(name)[0]!.process.pid);
  for (const pid of [system.mariadb.pid, ...apps]) pin(pid, cores);
  pin(process.pid, loadCores);
}

type Load = { readonly name: string; readonly connections: number; readonly seconds: number };

/** The first hall is the payers', the others the flood's. */
async function openFor(system: WholeSystem, name: string, seconds: number): Promise<{ readonly halls: Halls; readonly paying: readonly Approved[] }> {
  const pool = openPool({ url: system.mariadb.url, connections: 4, queueMax: 2_000, statementMs: 60_000 });
  const { shows, ...same } = await openHalls(pool, name, 1 + Math.ceil((seconds * EXPECTED_PER_SECOND_MAX) / FANS_PER_HALL));
  await pool.close();
  const paying = await openPayments(system, { ...same, shows: shows.slice(0, 1) }, Math.ceil((seconds * 1_000) / PROBE_EVERY_MS));
  return { halls: { ...same, shows: shows.slice(1) }, paying };
}

async function measure(system: WholeSystem, pool: Pool, pinned: boolean, { name, connections, seconds }: Load): Promise<Run> {
  // Opening the halls is no part of what is measured, and takes one core longer than a redeem may wait.
  if (pinned) pinAll(system, 'all', 'all');
  const { halls, paying } = await openFor(system, name, seconds);
  if (pinned) pinAll(system, [SYSTEM_CORE], [LOAD_CORE]);
  const [good, refused] = [new Latencies(), new Latencies()];
  let withoutRetryAfter = 0;
  let connectionsMost = 0;
  let sampling = Promise.resolve();
  let isSampling = false;
  const sampler = setInterval(() => {
    // One at a time: in the flood the server may take longer than the time between two.
    if (isSampling) return;
    isSampling = true;
    sampling = serverStatus(pool, ['Threads_connected']).then(({ Threads_connected: open }) => {
      connectionsMost = Math.max(connectionsMost, open - 1);
      isSampling = false;
    });
  }, SAMPLE_EVERY_MS);
  const onAnswer = (status: number, ms: number, hasRetryAfter: boolean): void => {
    if (status === 201) good.add(ms);
    if (status !== 503) return;
    refused.add(ms);
    if (!hasRetryAfter) withoutRetryAfter += 1;
  };
  const booking = system.apps('booking')[0]!;
  const headers = { 'content-type': 'application/json' };
  const target = { url: `${booking.url}${BOOKING_PREFIX}`, method: 'POST', headers, vary: requestsOf(system, halls) } as const;
  const [result, probed] = await Promise.all([load({ ...target, onAnswer }, seconds, connections), probe(system, paying, PROBE_EVERY_MS)]);
  clearInterval(sampler);
  await sampling;
  return {
    good: (result.perSecond * good.count) / Math.max(1, result.answers), goodP99Ms: good.at(0.99), refused: refused.count, refusedP99Ms: refused.at(0.99),
    withoutRetryAfter, lost: result.errors + result.answers - good.count - refused.count, connectionsMost, probe: probed,
  };
}

function figuresOf({ peak, flood }: { readonly peak: readonly Run[]; readonly flood: readonly Run[] }): Figure[] {
  const [atPeak, inFlood] = [peak, flood].map((runs) => runs.map(({ good }) => good)) as [number[], number[]];
  const ratio = median(inFlood.map((value, index) => value / (atPeak[index] as number)));
  const sum = (value: (run: Run) => number): number => flood.reduce((total, run) => total + value(run), 0);
  const most = Math.max(...flood.map(({ connectionsMost }) => connectionsMost));
  const refusedP99 = median(flood.map(({ refusedP99Ms }) => refusedP99Ms));
  const [bare, confirms, bells] = [sum((run) => run.withoutRetryAfter), sum((run) => run.probe.confirmsFailed), sum((run) => run.probe.bellsFailed)];
  return [
    figure(`ceiling: holds/s of ${CONNECTIONS} connections, load and system pinned`, median(atPeak), '/s', undefined, atPeak),
    figure(`holds/s of ${TIMES * CONNECTIONS} connections`, median(inFlood), '/s', undefined, inFlood),
    figure('ratio of ours to the ceiling', ratio, '', atLeast(ratio, GOODPUT_RATIO_MIN)),
    figure('most connections to MySQL', most, '', atMost(most, POOL_CONNECTIONS)),
    figure('answers 503', sum((run) => run.refused), ''),
    figure('503 p99', refusedP99, 'ms', atMost(refusedP99, REFUSED_P99_MS_MAX)),
    figure('503 without Retry-After', bare, '', atMost(bare, 0)),
    figure('holds p99 in the flood', median(flood.map(({ goodP99Ms }) => goodP99Ms)), 'ms'),
    figure('lost and other answers', sum((run) => run.lost), ''),
    figure('confirms in the flood', sum((run) => run.probe.confirms.count), ''),
    figure('confirms not served', confirms, '', atMost(confirms, 0)),
    figure('confirm p99', median(flood.map((run) => run.probe.confirms.at(0.99))), 'ms'),
    figure('webhooks not served', bells, '', atMost(bells, 0)),
    figure('webhook p99', median(flood.map((run) => run.probe.bells.at(0.99))), 'ms'),
  ];
}
