import { openPool, type Pool } from '@onsale/database';
import type { NodeApp } from '@onsale/services';
import type { WholeSystem } from '@onsale/testing';
import { requestsOf } from './holds/http.ts';
import { FANS_PER_HALL, openHalls, type Halls } from './measure/halls.ts';
import type { Figure } from './measure/figures.ts';
import { Latencies } from './measure/latencies.ts';
import { CONNECTIONS } from './measure/load.ts';
import { canPin, pin, type Cores } from './measure/pin.ts';
import { startProgram } from './measure/program.ts';
import type { Approved } from './measure/purchase.ts';
import { rawPost } from './measure/raw-connection.ts';
import { serverStatus } from './measure/server-status.ts';
import { openBenchSystem } from './measure/system.ts';
import { crowd } from './overload/crowd.ts';
import type { FansOrder, FansReport } from './overload/fans.ts';
import { figuresOf, type Run } from './overload/figures.ts';
import { openPayments, probe } from './overload/probe.ts';

/**
 * Ten times the connections at which one booking process gives its best: what it cannot serve it refuses at once, and what it serves stays.
 * The load has a core of its own, everything else the other one, so that a crowd of clients takes nothing from the system it asks.
 *
 *   peak        256 connections
 *   flood       2,560; who gets 503 comes back when Retry-After says, as our pages do
 *   impatient   2,560 that ask again at once: what is left when nobody keeps to it; without a target
 */
const TIMES = 10;
const AIMS = ['peak', 'flood', 'impatient'] as const;
export type Aim = (typeof AIMS)[number];
const LOAD_CORE = 0;
const SYSTEM_CORE = 1;
/** On one core with its database; the requests of a run are written before. */
const EXPECTED_PER_SECOND_MAX = 6_000;
const WARM_SECONDS = 2;
const PROBE_EVERY_MS = 500;
const FANS_EVERY_MS = 20;
const FANS_MS_MAX = 60_000;
const SAMPLE_EVERY_MS = 100;

export async function benchOverload({ runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const system = await openBenchSystem({ sandbox: 1, booking: 1 });
  // One connection, so that it can be told from the app's; the halls are opened by others, which are closed again.
  const pool = openPool({ url: system.mariadb.url, connections: 1, queueMax: 2_000, statementMs: 60_000 });
  const pinned = canPin();
  if (!pinned) process.stdout.write('  taskset or a second core is missing: load and system share the cores, and the ratio says little\n');
  const results: Record<Aim, Run[]> = { peak: [], flood: [], impatient: [] };
  try {
    for (let run = -1; run < runs; run += 1) {
      for (const aim of run % 2 === 0 ? AIMS : AIMS.toReversed()) {
        const result = await measure(system, pool, pinned, { aim, name: `${aim}-${run + 1}`, seconds: run < 0 ? WARM_SECONDS : seconds });
        if (run < 0) continue;
        results[aim].push(result);
        const { perSecond, refused, fans, lost, other } = result;
        process.stdout.write(
          `  run ${run + 1} of ${runs}, ${aim}: ${Math.round(perSecond)} holds/s, ${refused.count} refused, 503 p99 ${Math.round(fans.refused.at(0.99))} ms, `
          + `${lost} lost, others ${JSON.stringify(other)}\n`,
        );
      }
    }
  } finally {
    if (pinned) pin(process.pid, 'all');
    await pool.close();
    await system.close();
  }
  return figuresOf(results, { connections: CONNECTIONS, times: TIMES });
}

function pinAll(system: WholeSystem, fans: NodeApp, cores: Cores, loadCores: Cores): void {
  const apps = (['sandbox', 'booking'] as const).map((name) => system.apps(name)[0]!.process.pid);
  for (const pid of [system.mariadb.pid, ...apps]) pin(pid, cores);
  for (const pid of [process.pid, fans.pid]) pin(pid, loadCores);
}

type Load = { readonly aim: Aim; readonly name: string; readonly seconds: number };
type Opened = { readonly crowds: Halls; readonly fans: Halls; readonly paying: readonly Approved[] };

/** The first hall is the payers', the second the fans' whose answers are timed, the others the crowd's. */
async function openFor(system: WholeSystem, { name, seconds }: Load): Promise<Opened> {
  const pool = openPool({ url: system.mariadb.url, connections: 4, queueMax: 2_000, statementMs: 60_000 });
  const { shows, ...same } = await openHalls(pool, name, 2 + Math.ceil((seconds * EXPECTED_PER_SECOND_MAX) / FANS_PER_HALL));
  await pool.close();
  const paying = await openPayments(system, { ...same, shows: shows.slice(0, 1) }, Math.ceil((seconds * 1_000) / PROBE_EVERY_MS));
  return { paying, fans: { ...same, shows: shows.slice(1, 2) }, crowds: { ...same, shows: shows.slice(2) } };
}

async function measure(system: WholeSystem, pool: Pool, pinned: boolean, load: Load): Promise<Run> {
  const { aim, seconds } = load;
  const fans = await startProgram(new URL('./overload/fans.ts', import.meta.url).pathname);
  // Opening the halls is no part of what is measured, and takes one core longer than a redeem may wait.
  if (pinned) pinAll(system, fans, 'all', 'all');
  const opened = await openFor(system, load);
  const url = system.apps('booking')[0]!.url;
  const [ofCrowd, ofFans] = [requestsOf(system, opened.crowds), requestsOf(system, opened.fans)];
  const requests = Array.from({ length: Math.floor(Math.min(FANS_MS_MAX, seconds * 1_000) / FANS_EVERY_MS) }, () => rawPost(ofFans()));
  fans.send({ order: { url, requests, everyMs: FANS_EVERY_MS } satisfies FansOrder });
  await fans.message((message): message is { ready: true } => (message as { ready?: boolean }).ready === true, 30_000);
  if (pinned) pinAll(system, fans, [SYSTEM_CORE], [LOAD_CORE]);
  const connections = sampleConnections(pool);
  const reported = fans.message((message): message is { report: FansReport } => 'report' in (message as object), (seconds + 60) * 1_000);
  const next = (): string => rawPost(ofCrowd());
  const going = crowd({ url, connections: aim === 'peak' ? CONNECTIONS : TIMES * CONNECTIONS, seconds, next, isPatient: aim !== 'impatient' }, () => {
    fans.send({ begin: true });
  });
  const [result, probed, { report }] = await Promise.all([going, probe(system, opened.paying, PROBE_EVERY_MS), reported]);
  await fans.stop();
  return { ...result, fans: timesOf(report), connectionsMost: await connections.most(), probe: probed };
}

function sampleConnections(pool: Pool): { readonly most: () => Promise<number> } {
  let [most, isSampling] = [0, false];
  let sampling = Promise.resolve();
  const timer = setInterval(() => {
    // One at a time: in the flood the server may take longer than the time between two.
    if (isSampling) return;
    isSampling = true;
    sampling = serverStatus(pool, ['Threads_connected']).then(({ Threads_connected: open }) => {
      most = Math.max(most, open - 1);
      isSampling = false;
    });
  }, SAMPLE_EVERY_MS);
  return {
    async most() {
      clearInterval(timer);
      await sampling;
      return most;
    },
  };
}

function timesOf({ answers, lost, lateMs }: FansReport): Run['fans'] {
  const [held, refused, late] = [new Latencies(), new Latencies(), new Latencies()];
  for (const { status, ms } of answers) {
    if (status === 201) held.add(ms);
    if (status === 503) refused.add(ms);
  }
  for (const ms of lateMs) late.add(ms);
  const withoutRetryAfter = answers.filter(({ status, hasRetryAfter }) => status === 503 && !hasRetryAfter).length;
  return { held, refused, late, lost, withoutRetryAfter };
}
