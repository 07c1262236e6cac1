import { CLIENT_KEY_HEADER } from '@onsale/contract';
import { openPool } from '@onsale/database';
import type { WholeSystem } from '@onsale/testing';
import { Pool } from 'undici';
import { countCpu } from './measure/cpu.ts';
import { atLeast, figure, median, type Figure } from './measure/figures.ts';
import { FANS_PER_HALL, holdAt, openHalls, type Halls } from './measure/halls.ts';
import { Latencies } from './measure/latencies.ts';
import { approve, confirm, StepFailed, type Ask, type Purchase, type Step } from './measure/purchase.ts';
import { letFansIn } from './measure/room.ts';
import { sessionText } from './measure/session-text.ts';
import { openBenchSystem } from './measure/system.ts';

/**
 * Whole paid journeys over HTTP: hold → order → payment → approved in the sandbox's window → confirm → tickets. Client, booking,
 * sandbox, worker, stores: all on the cores of this machine. A journey counts when its order is paid and has its tickets.
 */
export const JOURNEYS_PER_SECOND_MIN = 300;
/** Buyers under way at once: enough that a step of one falls into the batch of others. */
const BUYERS = 128;
const WARM_SECONDS = 3;
const EXPECTED_PER_SECOND_MAX = 900;
const STEPS = ['hold', 'order', 'payment', 'window', 'confirm'] as const satisfies readonly Step[];

type Run = {
  readonly paid: number;
  readonly perSecond: number;
  readonly journeys: Latencies;
  readonly steps: Readonly<Record<Step, Latencies>>;
  /** By step and status. */
  readonly errors: Readonly<Record<string, number>>;
  readonly cpu: Readonly<Record<'booking' | 'sandbox' | 'worker' | 'database', number>>;
};

export async function benchJourneys({ runs, seconds, providerMs }: { runs: number; seconds: number; providerMs: number }): Promise<Figure[]> {
  const system = await openBenchSystem({ sandbox: 1, admission: 1, booking: 1, worker: 1 });
  const pool = openPool({ url: system.mariadb.url, connections: 4, queueMax: 2_000, statementMs: 60_000 });
  const results: Run[] = [];
  const slow: Run[] = [];
  try {
    // Runs with and without the provider's latency take turns.
    const rounds = providerMs > 0 ? [0, providerMs] : [0];
    for (let at = -1; at < runs * rounds.length; at += 1) {
      const run = Math.floor(at / rounds.length);
      const latencyMs = rounds[Math.max(0, at) % rounds.length]!;
      const forSeconds = run < 0 ? WARM_SECONDS : seconds;
      const count = Math.ceil((forSeconds * EXPECTED_PER_SECOND_MAX) / FANS_PER_HALL);
      const halls: Halls[] = [];
      // One hall each: an entry session pays for one order.
      for (let hall = 0; hall < count; hall += 1) {
        const opened = await openHalls(pool, `journey-${at + 1}-${hall}`, 1);
        await letFansIn(system.redis.url, pool, opened);
        halls.push(opened);
      }
      await delayConfirms(system, latencyMs);
      const result = await runJourneys(system, halls, forSeconds, BUYERS + Math.ceil((latencyMs * EXPECTED_PER_SECOND_MAX) / 1_000));
      if (run >= 0) (latencyMs > 0 ? slow : results).push(result);
      const name = latencyMs > 0 ? `, provider ${latencyMs} ms` : '';
      process.stdout.write(`  run ${run + 1} of ${runs}${name}: ${result.perSecond.toFixed(1)} journeys/s, errors ${JSON.stringify(result.errors)}\n`);
    }
  } finally {
    await pool.close();
    await system.close();
  }
  return [...figuresOf(results), ...(slow.length > 0 ? slowFigures(results, slow, providerMs) : [])];
}

/** What the provider takes for a confirm, in the sandbox. */
async function delayConfirms(system: WholeSystem, delayMs: number): Promise<void> {
  const answer = await fetch(`${system.apps('sandbox')[0]!.url}/control/faults`, {
    method: 'POST', headers: JSON_HEADERS, body: JSON.stringify({ faults: delayMs > 0 ? [{ call: 'confirm', kind: 'slow', delayMs }] : [] }),
  });
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status}`);
}

async function runJourneys(system: WholeSystem, halls: readonly Halls[], seconds: number, buyers: number): Promise<Run> {
  const [booking, sandbox, worker] = (['booking', 'sandbox', 'worker'] as const).map((name) => system.apps(name)[0]!);
  const clients = {
    booking: new Pool(booking!.url, { connections: buyers, pipelining: 1 }),
    sandbox: new Pool(sandbox!.url, { connections: buyers, pipelining: 1 }),
  };
  const steps = Object.fromEntries(STEPS.map((step) => [step, new Latencies()])) as Record<Step, Latencies>;
  const journeys = new Latencies();
  const errors: Record<string, number> = {};
  const buys = buyersOf(system, halls);
  const cpu = Object.entries({ booking: booking!.process.pid, sandbox: sandbox!.process.pid, worker: worker!.process.pid, database: system.mariadb.pid }).map(
    ([name, pid]) => [name, countCpu([pid])] as const,
  );
  const ask: Ask = async (step, client, path, headers, body) => {
    const began = performance.now();
    const answer = await clients[client].request({ method: 'POST', path, headers: { ...headers, ...JSON_HEADERS }, body: JSON.stringify(body) });
    const reply = await answer.body.json();
    steps[step].add(performance.now() - began);
    if (answer.statusCode >= 300 || answer.statusCode === 202)
      throw new StepFailed(`${step} ${answer.statusCode} ${(reply as { code?: string }).code ?? ''}`);
    return reply;
  };
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: buyers }, async () => {
      while (performance.now() - startedAt < seconds * 1_000) {
        const began = performance.now();
        try {
          await confirm(ask, await approve(ask, buys()));
          journeys.add(performance.now() - began);
        } catch (error) {
          const name = error instanceof StepFailed ? error.message : String(error);
          errors[name] = (errors[name] ?? 0) + 1;
        }
      }
    }),
  );
  const tookMs = performance.now() - startedAt;
  const paid = journeys.count;
  const used = Object.fromEntries(cpu.map(([name, read]) => [name, read() / Math.max(1, paid)])) as Run['cpu'];
  await Promise.all([clients.booking.close(), clients.sandbox.close()]);
  return { paid, perSecond: (paid * 1_000) / tookMs, journeys, steps, errors, cpu: used };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** The next buyer's session and seats; sessions are signed before the clock starts. */
function buyersOf({ secrets }: WholeSystem, halls: readonly Halls[]): () => Purchase {
  const purchases: Purchase[] = [];
  for (const hall of halls) {
    for (let index = 0, at = holdAt(hall, 0); at !== undefined; index += 1, at = holdAt(hall, index)) {
      const headers = { authorization: `Bearer ${sessionText(secrets, hall, at.fan, at.show)}`, [CLIENT_KEY_HEADER]: at.fan.clientKey };
      purchases.push({ show: at.show, seats: at.seats, headers });
    }
  }
  let next = 0;
  return () => {
    const purchase = purchases[next++];
    if (purchase === undefined) throw new Error('the halls of this run are sold out: the bench expected fewer journeys');
    return purchase;
  };
}

export const SLOW_RATIO_MIN = 0.9;
/** A provider that takes its time costs time, not throughput. */
function slowFigures(plain: readonly Run[], slow: readonly Run[], providerMs: number): Figure[] {
  const [without, with_] = [plain, slow].map((runs) => runs.map(({ perSecond }) => perSecond)) as [number[], number[]];
  const ratio = median(with_) / median(without);
  const errors = slow.reduce((sum, run) => sum + Object.values(run.errors).reduce((count, some) => count + some, 0), 0);
  return [
    figure(`whole paid journeys/s, provider ${providerMs} ms`, median(with_), '/s', undefined, with_),
    figure('… as a share of those without', ratio, '', atLeast(ratio, SLOW_RATIO_MIN)),
    figure('… journeys that failed', errors, ''),
  ];
}

function figuresOf(results: readonly Run[]): Figure[] {
  const perSecond = results.map((run) => run.perSecond);
  const of = (value: (run: Run) => number): number => median(results.map(value));
  const bySteps = STEPS.flatMap((step) => [
    figure(
      `${step} p50`,
      of(({ steps }) => steps[step].at(0.5)),
      'ms',
    ),
    figure(
      `${step} p99`,
      of(({ steps }) => steps[step].at(0.99)),
      'ms',
    ),
  ]);
  const byProcess = (['booking', 'sandbox', 'worker', 'database'] as const).map((name) =>
    figure(
      `CPU a journey, ${name}`,
      of(({ cpu }) => cpu[name]),
      'µs',
    ),
  );
  return [
    figure('whole paid journeys/s', median(perSecond), '/s', atLeast(median(perSecond), JOURNEYS_PER_SECOND_MIN), perSecond),
    figure(
      'journey p50',
      of(({ journeys }) => journeys.at(0.5)),
      'ms',
    ),
    figure(
      'journey p99',
      of(({ journeys }) => journeys.at(0.99)),
      'ms',
    ),
    ...bySteps,
    ...byProcess,
    figure(
      'journeys that failed',
      results.reduce((sum, { errors }) => sum + Object.values(errors).reduce((count, some) => count + some, 0), 0),
      '',
    ),
  ];
}
