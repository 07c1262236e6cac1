import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ADMISSION_PREFIX } from '@onsale/contract';
import { freePort } from '@onsale/services';
import { countCpu } from './measure/cpu.ts';
import { atLeast, atMost, figure, median, type Figure } from './measure/figures.ts';
import { load, type Load } from './measure/load.ts';
import { openRoomForBench, fillRoom } from './measure/room.ts';
import { startProgram } from './measure/program.ts';
import { openBenchSystem } from './measure/system.ts';

/** Joins over HTTP beside a bare Fastify echo of the same body; CPU of a join at an empty and at a deep line. */
export const JOIN_RATIO_MIN = 0.6;
export const CPU_DRIFT_MAX = 0.15;
export const DEEP_LINE = 100_000;

export async function benchJoin({ runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const system = await openBenchSystem({ admission: 1 });
  const { redis } = system;
  const admission = system.apps('admission')[0]!;
  const echoPort = await freePort();
  const echoServer = await startProgram(join(import.meta.dirname, 'ceilings/echo.ts'), [String(echoPort)]);
  try {
    const vary = () => ({ body: `{"clientKey":"${randomBytes(16).toString('base64url')}"}` });
    const headers = { 'content-type': 'application/json' };
    const joinInto = (room: string, forSeconds: number): Promise<Load> =>
      load({ url: `${admission.url}${ADMISSION_PREFIX}/rooms/${room}/places`, method: 'POST', headers, vary }, forSeconds);
    const echo = (forSeconds: number): Promise<Load> => load({ url: `http://127.0.0.1:${echoPort}/echo`, method: 'POST', headers, vary }, forSeconds);
    const [shallow, deep]: [Run[], Run[]] = [[], []];
    await openRoomForBench(redis.url, 'warm');
    await joinInto('warm', 2);
    await echo(2);
    const measure = async (room: string): Promise<Run> => {
      const ceiling = await echo(seconds);
      const used = countCpu([admission.process.pid, redis.pid]);
      const ours = await joinInto(room, seconds);
      return { ours, ceiling, cpu: used() / Math.max(1, ours.answers) };
    };
    await openRoomForBench(redis.url, 'deep');
    await fillRoom(redis.url, 'deep', DEEP_LINE);
    for (let run = 0; run < runs; run += 1) {
      await openRoomForBench(redis.url, `shallow${run}`);
      shallow.push(await measure(`shallow${run}`));
      deep.push(await measure('deep'));
      printRun(run, runs, 'joins', shallow.at(-1) as Run);
    }
    return figuresOf('joins', shallow, deep, JOIN_RATIO_MIN);
  } finally {
    await echoServer.stop();
    await system.close();
  }
}

export const printRun = (run: number, runs: number, what: string, { ours, ceiling }: Run): void =>
  void process.stdout.write(`  run ${run + 1} of ${runs}: ${Math.round(ours.perSecond)} ${what}/s, echo ${Math.round(ceiling.perSecond)}/s\n`);

export type Run = { readonly ours: Load; readonly ceiling: Load; readonly cpu: number };

export function figuresOf(what: string, shallow: readonly Run[], deep: readonly Run[], ratioMin: number): Figure[] {
  const ratioOf = (runs: readonly Run[]): number => median(runs.map(({ ours, ceiling }) => ours.perSecond / ceiling.perSecond));
  const drift = median(deep.map(({ cpu }) => cpu)) / median(shallow.map(({ cpu }) => cpu)) - 1;
  const column = (name: string, unit: string, runs: readonly Run[], value: (run: Run) => number): Figure =>
    figure(name, median(runs.map(value)), unit, undefined, runs.map(value));
  const total = (value: (run: Run) => number): number => [...shallow, ...deep].reduce((sum, run) => sum + value(run), 0);
  const deepName = `${DEEP_LINE.toLocaleString('en')} waiting`;
  return [
    column(`${what}/s`, '/s', shallow, ({ ours }) => ours.perSecond),
    column('ceiling: bare Fastify echo', '/s', shallow, ({ ceiling }) => ceiling.perSecond),
    figure(`ratio of ${what} to the ceiling`, ratioOf(shallow), '', atLeast(ratioOf(shallow), ratioMin)),
    figure(`ratio with ${deepName}`, ratioOf(deep), '', atLeast(ratioOf(deep), ratioMin)),
    column('p50', 'ms', shallow, ({ ours }) => ours.p50Ms),
    column('p99', 'ms', shallow, ({ ours }) => ours.p99Ms),
    column('CPU a request, empty line', 'µs', shallow, ({ cpu }) => cpu),
    column(`CPU a request, ${deepName}`, 'µs', deep, ({ cpu }) => cpu),
    figure('CPU drift with depth', drift, '', atMost(Math.abs(drift), CPU_DRIFT_MAX)),
    figure('lost answers', total(({ ours }) => ours.errors), ''),
    figure('refusals', total(({ ours }) => ours.refused), ''),
  ];
}
