import { BOOKING_PREFIX, CLIENT_KEY_HEADER } from '@onsale/contract';
import { openPool } from '@onsale/database';
import type { WholeSystem } from '@onsale/testing';
import { countCpu } from '../measure/cpu.ts';
import { atLeast, figure, median, type Figure } from '../measure/figures.ts';
import { FANS_PER_HALL, holdAt, openHalls, type Halls } from '../measure/halls.ts';
import { load, type Load } from '../measure/load.ts';
import { sessionText } from '../measure/session-text.ts';

/** Durable 2-seat holds over HTTP: client, booking process and database on the cores of this machine. */
export const HTTP_HOLDS_PER_SECOND_MIN = 6_000;
/** A hot sale has many askers: batches form from what arrives together. */
const CONNECTIONS = 256;
const WARM_SECONDS = 2;
const EXPECTED_PER_SECOND_MAX = 12_000;

type HttpRun = { readonly load: Load; readonly appCpu: number; readonly databaseCpu: number };

export async function measureHttp(system: WholeSystem, { runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const [booking] = system.apps('booking');
  if (booking === undefined) throw new Error('the bench has no booking process');
  const pool = openPool({ url: system.mariadb.url, connections: 4, queueMax: 2_000, statementMs: 60_000 });
  const results: HttpRun[] = [];
  for (let run = -1; run < runs; run += 1) {
    const forSeconds = run < 0 ? WARM_SECONDS : seconds;
    const halls = await openHalls(pool, `http-${run + 1}`, Math.ceil((forSeconds * EXPECTED_PER_SECOND_MAX) / FANS_PER_HALL));
    const vary = requestsOf(system, halls);
    const app = countCpu([booking.process.pid]);
    const database = countCpu([system.mariadb.pid]);
    const result = await load(
      { url: `${booking.url}${BOOKING_PREFIX}`, method: 'POST', headers: { 'content-type': 'application/json' }, vary },
      forSeconds,
      CONNECTIONS,
    );
    if (run < 0) continue;
    const holds = Math.max(1, result.answers);
    results.push({ load: result, appCpu: app() / holds, databaseCpu: database() / holds });
    process.stdout.write(`  run ${run + 1} of ${runs}: ${Math.round(result.perSecond)} holds/s over HTTP, answers ${JSON.stringify(result.statuses)}\n`);
  }
  await pool.close();
  return figuresOf(results);
}

type Request = { readonly path: string; readonly body: string; readonly headers: Record<string, string> };

/** A request for each hold of the halls, in order, each by a fan of its own; written before the clock starts. */
export function requestsOf({ secrets }: WholeSystem, halls: Halls): () => Request {
  const requests: Request[] = [];
  for (let hold = holdAt(halls, 0); hold !== undefined; hold = holdAt(halls, requests.length)) {
    const { show, fan, seats } = hold;
    requests.push({
      path: `${BOOKING_PREFIX}/shows/${show}/holds`,
      body: `{"seats":[${seats.join(',')}]}`,
      headers: {
        authorization: `Bearer ${sessionText(secrets, halls, fan, show)}`,
        [CLIENT_KEY_HEADER]: fan.clientKey,
        'idempotency-key': `bench-hold-${requests.length}`,
      },
    });
  }
  let next = 0;
  return () => {
    const request = requests[next++];
    if (request === undefined) throw new Error('the halls of this run are full: the bench expected fewer holds');
    return request;
  };
}

function figuresOf(results: readonly HttpRun[]): Figure[] {
  const of = (value: (run: HttpRun) => number): number => median(results.map(value));
  const perSecond = results.map(({ load: { perSecond: value } }) => value);
  return [
    figure('over HTTP: durable 2-seat holds/s', median(perSecond), '/s', atLeast(median(perSecond), HTTP_HOLDS_PER_SECOND_MIN), perSecond),
    figure(
      'over HTTP p50',
      of(({ load: { p50Ms } }) => p50Ms),
      'ms',
    ),
    figure(
      'over HTTP p99',
      of(({ load: { p99Ms } }) => p99Ms),
      'ms',
    ),
    figure(
      'CPU a hold, booking process',
      of(({ appCpu }) => appCpu),
      'µs',
    ),
    figure(
      'CPU a hold, database',
      of(({ databaseCpu }) => databaseCpu),
      'µs',
    ),
    figure(
      'over HTTP lost answers',
      results.reduce((sum, run) => sum + run.load.errors, 0),
      '',
    ),
    figure(
      'over HTTP refusals',
      results.reduce((sum, run) => sum + run.load.refused, 0),
      '',
    ),
  ];
}
