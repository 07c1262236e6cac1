import { createHoldEngine, openShowBooks, type SeatCommand } from '@onsale/booking';
import { openPool, type Pool } from '@onsale/database';
import { runBareBatches, type BareRun } from '../ceilings/bare-batches.ts';
import { atLeast, figure, median, type Figure } from '../measure/figures.ts';
import { holdAt, newId, openHalls, type Halls } from '../measure/halls.ts';
import { Latencies } from '../measure/latencies.ts';

/** Durable 2-seat holds through the hold engine in this process, beside the bare batched transaction. */
export const HOLDS_PER_SECOND_MIN = 15_000;
export const ENGINE_RATIO_MIN = 0.6;
/** Twice what is in flight: while three batches run, three gather. */
const CALLERS = 768;
const HOT_CONNECTIONS = 3;
/** Fans who hold seats at once in one run: 7,500 a hall. */
const HALLS_MAX = 16;
const EXPECTED_PER_SECOND = 15_000;

type EngineRun = { readonly holds: number; readonly perSecond: number; readonly latencies: Latencies; readonly refused: Readonly<Record<string, number>> };

export async function measureEngine(databaseUrl: string, { runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const pool = openPool({ url: databaseUrl, connections: 4, queueMax: 2_000, statementMs: 60_000 });
  const hallsPerRun = Math.min(HALLS_MAX, Math.max(1, Math.ceil((seconds * EXPECTED_PER_SECOND) / 7_500)));
  const ours: EngineRun[] = [];
  const bare: BareRun[] = [];
  const warm = await openHalls(pool, 'warm', 1);
  await runEngine(databaseUrl, warm);
  for (let run = 0; run < runs; run += 1) {
    const measures = [
      async () => ours.push(await runEngine(databaseUrl, await openHalls(pool, `engine-${run}`, hallsPerRun))),
      async () => bare.push(await runBareBatches(databaseUrl, await openHalls(pool, `bare-${run}`, hallsPerRun))),
    ];
    for (const measure of run % 2 === 0 ? measures : measures.toReversed()) await measure();
    process.stdout.write(
      `  run ${run + 1} of ${runs}: engine ${Math.round(ours.at(-1)?.perSecond ?? 0)} holds/s, bare ${Math.round(bare.at(-1)?.perSecond ?? 0)}\n`,
    );
  }
  await pool.close();
  return figuresOf(ours, bare);
}

/** Holds every seat of the halls, CALLERS at a time. The commands are made before the clock starts. */
export async function runEngine(databaseUrl: string, halls: Halls): Promise<EngineRun> {
  const [hot, reads]: [Pool, Pool] = [
    openPool({ url: databaseUrl, connections: HOT_CONNECTIONS, role: 'hot' }),
    openPool({ url: databaseUrl, connections: 2, role: 'reads' }),
  ];
  const books = openShowBooks({ pool: reads });
  const engine = createHoldEngine({ pool: hot, reads, books });
  for (const show of halls.shows) await books.open(show);
  const commands = commandsOf(halls);
  const latencies = new Latencies();
  const refused: Record<string, number> = {};
  let [next, holds] = [0, 0];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (let command = commands[next++]; command !== undefined; command = commands[next++]) {
        const began = performance.now();
        const answer = await engine.submit(command);
        latencies.add(performance.now() - began);
        if (answer.ok) holds += 1;
        else refused[answer.refusal.kind] = (refused[answer.refusal.kind] ?? 0) + 1;
      }
    }),
  );
  const perSecond = (holds * 1_000) / (performance.now() - startedAt);
  await engine.close();
  await books.close();
  await Promise.all([hot.close(), reads.close()]);
  return { holds, perSecond, latencies, refused };
}

function commandsOf(halls: Halls): SeatCommand[] {
  const commands: SeatCommand[] = [];
  for (let at = holdAt(halls, 0); at !== undefined; at = holdAt(halls, commands.length)) {
    commands.push({ kind: 'hold', show: at.show, person: at.fan.person, session: at.fan.session, hold: newId(), seats: at.seats });
  }
  return commands;
}

function figuresOf(ours: readonly EngineRun[], bare: readonly BareRun[]): Figure[] {
  const perSecond = ours.map((run) => run.perSecond);
  const ceiling = bare.map((run) => run.perSecond);
  const ratio = median(perSecond.map((value, index) => value / (ceiling[index] as number)));
  const refusals = ours.reduce((sum, { refused }) => sum + Object.values(refused).reduce((count, some) => count + some, 0), 0);
  return [
    figure('engine: durable 2-seat holds/s', median(perSecond), '/s', atLeast(median(perSecond), HOLDS_PER_SECOND_MIN), perSecond),
    figure('ceiling: the bare batched transaction', median(ceiling), '/s', undefined, ceiling),
    figure('ratio of the engine to the ceiling', ratio, '', atLeast(ratio, ENGINE_RATIO_MIN)),
    figure('engine p50', median(ours.map(({ latencies }) => latencies.at(0.5))), 'ms'),
    figure('engine p99', median(ours.map(({ latencies }) => latencies.at(0.99))), 'ms'),
    figure('bare batch p50', median(bare.map(({ batches }) => batches.at(0.5))), 'ms'),
    figure('bare batch p99', median(bare.map(({ batches }) => batches.at(0.99))), 'ms'),
    figure('engine refusals', refusals, ''),
    figure(
      'bare batches that failed',
      bare.reduce((sum, { errors }) => sum + errors, 0),
      '',
    ),
  ];
}
