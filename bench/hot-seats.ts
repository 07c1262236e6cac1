import { availableParallelism } from 'node:os';
import { BOOKING_PREFIX, CLIENT_KEY_HEADER } from '@onsale/contract';
import { openPool, type Pool as Database } from '@onsale/database';
import { seededRandom } from '@onsale/kernel';
import type { WholeSystem } from '@onsale/testing';
import { Pool } from 'undici';
import { countCpu } from './measure/cpu.ts';
import { atLeast, atMost, figure, median, type Figure } from './measure/figures.ts';
import { FANS_PER_HALL, holdAt, openHalls, SEATS_PER_HOLD, type Halls } from './measure/halls.ts';
import { Latencies } from './measure/latencies.ts';
import { serverStatus } from './measure/server-status.ts';
import { sessionText } from './measure/session-text.ts';
import { openBenchSystem } from './measure/system.ts';

/**
 * Everyone on 400 seats, over two booking processes, each of which knows of the other's holds by the database only. Whoever wins two seats
 * gives them back at once, so that there is something to win all the time. The ceiling: the same crowd doing the same on seats of its own.
 */
export const WON_PER_SECOND_MIN = 1_000;
export const STATEMENTS_PER_WON_MAX = 6;
const HOT_SEATS = 400;
const PROCESSES = 2;
const ASKERS = 256;
const CORES = availableParallelism();
const WARM_SECONDS = 2;
const COUNTED = ['Questions', 'Innodb_deadlocks'] as const;

type Aim = 'hot' | 'own';
type Run = {
  readonly won: number;
  readonly perSecond: number;
  readonly statements: number;
  readonly deadlocks: number;
  /** Microseconds of CPU, all answers together. */
  readonly cpu: { readonly booking: number; readonly database: number; readonly clients: number };
  readonly wins: Latencies;
  readonly losses: Latencies;
  /** By status and code; those who came second are `409 seat-taken`. */
  readonly refused: Readonly<Record<string, number>>;
};

export async function benchHotSeats({ runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const system = await openBenchSystem({ booking: PROCESSES });
  const pool = openPool({ url: system.mariadb.url, connections: 2, queueMax: 2_000, statementMs: 60_000 });
  const results: Record<Aim, Run[]> = { hot: [], own: [] };
  try {
    for (let run = -1; run < runs; run += 1) {
      for (const aim of run % 2 === 0 ? (['hot', 'own'] as const) : (['own', 'hot'] as const)) {
        const halls = await openHalls(pool, `${aim}-${run + 1}`, 1);
        const result = await crowd(system, pool, { halls, aim, seconds: run < 0 ? WARM_SECONDS : seconds });
        if (run < 0) continue;
        results[aim].push(result);
        const spent = (result.statements / Math.max(1, result.won)).toFixed(2);
        process.stdout.write(
          `  run ${run + 1} of ${runs}, ${aim}: ${Math.round(result.perSecond)} won/s, ${spent} statements each, refused ${JSON.stringify(result.refused)}\n`,
        );
      }
    }
  } finally {
    await pool.close();
    await system.close();
  }
  return figuresOf(results);
}

async function crowd(
  { apps, secrets, mariadb }: WholeSystem, database: Database, { halls, aim, seconds }: { readonly halls: Halls; readonly aim: Aim; readonly seconds: number },
): Promise<Run> {
  const clients = apps('booking').map(({ url }) => new Pool(url, { connections: ASKERS / PROCESSES, pipelining: 1 }));
  const random = seededRandom(`hot-seats-${halls.room}`);
  const [wins, losses, refused] = [new Latencies(), new Latencies(), {} as Record<string, number>];
  // Signed before the clock starts.
  const fans = Array.from({ length: FANS_PER_HALL }, (_, index) => {
    const { show, fan, seats } = holdAt(halls, index) as NonNullable<ReturnType<typeof holdAt>>;
    const authorization = `Bearer ${sessionText(secrets, halls, fan, show)}`;
    return { path: `${BOOKING_PREFIX}/shows/${show}/holds`, seats, authorization, clientKey: fan.clientKey };
  });
  let asked = 0;
  const askOnce = async (client: Pool): Promise<void> => {
    const turn = asked++;
    const fan = fans[turn % fans.length] as (typeof fans)[number];
    const pair = Math.floor(random() * (HOT_SEATS / SEATS_PER_HOLD)) * SEATS_PER_HOLD;
    const headers = { authorization: fan.authorization, [CLIENT_KEY_HEADER]: fan.clientKey, 'idempotency-key': `bench-hot-${turn}` };
    const began = performance.now();
    const body = JSON.stringify({ seats: aim === 'hot' ? [pair, pair + 1] : fan.seats });
    const answer = await client.request({ method: 'POST', path: fan.path, headers: { ...headers, 'content-type': 'application/json' }, body });
    const reply = (await answer.body.json()) as { id?: string; code?: string };
    (answer.statusCode === 201 ? wins : losses).add(performance.now() - began);
    if (answer.statusCode !== 201) return count(refused, `${answer.statusCode} ${reply.code ?? ''}`);
    const released = await client.request({ method: 'DELETE', path: `${fan.path}/${reply.id}`, headers });
    await released.body.dump();
    if (released.statusCode >= 300) count(refused, `release ${released.statusCode}`);
  };
  const [ofBooking, ofDatabase, ofClients] = [apps('booking').map(({ process: { pid } }) => pid), [mariadb.pid], [process.pid]].map(countCpu) as [
    () => number, () => number, () => number,
  ];
  const before = await serverStatus(database, COUNTED);
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: ASKERS }, async (_, asker) => {
    const client = clients[asker % PROCESSES] as Pool;
    while (performance.now() - startedAt < seconds * 1_000) await askOnce(client).catch((error: Error) => count(refused, error.name));
  }));
  const tookMs = performance.now() - startedAt;
  const cpu = { booking: ofBooking(), database: ofDatabase(), clients: ofClients() };
  const after = await serverStatus(database, COUNTED);
  await Promise.all(clients.map((client) => client.close()));
  return {
    won: wins.count, perSecond: (wins.count * 1_000) / tookMs, wins, losses, refused, cpu,
    statements: after.Questions - before.Questions, deadlocks: after.Innodb_deadlocks - before.Innodb_deadlocks,
  };
}

const count = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1;
};

/** Refusals that are part of the game: the seats are another's, or a stranger's transaction has them this moment. */
const LOST = new Set(['409 seat-taken', '409 seat-busy']);

function figuresOf({ hot, own }: Readonly<Record<Aim, readonly Run[]>>): Figure[] {
  const perSecond = hot.map((run) => run.perSecond);
  const ceiling = own.map((run) => run.perSecond);
  const each = hot.map(({ statements, won }) => statements / Math.max(1, won));
  const deadlocks = hot.reduce((sum, run) => sum + run.deadlocks, 0);
  const ratio = median(perSecond.map((value, index) => value / (ceiling[index] as number)));
  const cpuEach = (runs: readonly Run[], part: keyof Run['cpu']): number => median(runs.map(({ cpu, won }) => cpu[part] / Math.max(1, won)));
  const cpuOf = (runs: readonly Run[]): number => cpuEach(runs, 'booking') + cpuEach(runs, 'database') + cpuEach(runs, 'clients');
  const refusals = hot.flatMap(({ refused }) => Object.entries(refused));
  const total = (isLost: boolean): number => refusals.reduce((sum, [name, times]) => sum + (LOST.has(name) === isLost ? times : 0), 0);
  return [
    figure('won/s, everyone on 400 seats, 2 processes', median(perSecond), '/s', atLeast(median(perSecond), WON_PER_SECOND_MIN), perSecond),
    figure('ceiling: the same on seats of their own', median(ceiling), '/s', undefined, ceiling),
    figure('ratio of ours to the ceiling', ratio, ''),
    figure('statements a hold won, its release among them', median(each), '', atMost(median(each), STATEMENTS_PER_WON_MAX), each),
    figure('… of the ceiling', median(own.map(({ statements, won }) => statements / Math.max(1, won))), ''),
    figure('deadlocks', deadlocks, '', atMost(deadlocks, 0)),
    figure('CPU a hold won, both booking processes', cpuEach(hot, 'booking'), 'µs'),
    figure('CPU a hold won, database', cpuEach(hot, 'database'), 'µs'),
    figure('CPU a hold won, clients', cpuEach(hot, 'clients'), 'µs'),
    figure(`won/s that ${CORES} cores have CPU for`, (CORES * 1e6) / Math.max(1, cpuOf(hot)), '/s'),
    figure('… of the ceiling', (CORES * 1e6) / Math.max(1, cpuOf(own)), '/s'),
    figure('answers a hold won', median(hot.map(({ wins, losses, won }) => (wins.count + losses.count) / Math.max(1, won))), ''),
    figure('won p50', median(hot.map(({ wins }) => wins.at(0.5))), 'ms'),
    figure('won p99', median(hot.map(({ wins }) => wins.at(0.99))), 'ms'),
    figure('lost p50', median(hot.map(({ losses }) => losses.at(0.5))), 'ms'),
    figure('lost p99', median(hot.map(({ losses }) => losses.at(0.99))), 'ms'),
    figure('came second', total(true), ''),
    figure('other refusals and lost answers', total(false), ''),
  ];
}
