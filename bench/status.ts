import { join } from 'node:path';
import { ADMISSION_PREFIX } from '@onsale/contract';
import { freePort } from '@onsale/services';
import { DEEP_LINE, figuresOf, printRun, type Run } from './join.ts';
import { countCpu } from './measure/cpu.ts';
import type { Figure } from './measure/figures.ts';
import { load, type Load, type Target } from './measure/load.ts';
import { fillRoom, openRoomForBench } from './measure/room.ts';
import { startProgram } from './measure/program.ts';
import { openBenchSystem } from './measure/system.ts';

/** The own place over HTTP (a sign of life and the exact position) beside a bare Fastify GET; empty and deep line. */
export const STATUS_RATIO_MIN = 0.7;
/** So many fans ask in turn in the shallow room. POLL_BURST lets each ask more often than a page would. */
const SHALLOW_LINE = 2_000;

export async function benchStatus({ runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const system = await openBenchSystem({ admission: 1 });
  const { redis } = system;
  const admission = system.apps('admission')[0]!;
  const echoPort = await freePort();
  const echoServer = await startProgram(join(import.meta.dirname, 'ceilings/echo.ts'), [String(echoPort)]);
  try {
    const receiptKey = system.secrets.receipt[0];
    await openRoomForBench(redis.url, 'shallow');
    await openRoomForBench(redis.url, 'deep');
    const shallowReceipts = await fillRoom(redis.url, 'shallow', SHALLOW_LINE, receiptKey);
    const deepReceipts = await fillRoom(redis.url, 'deep', DEEP_LINE, receiptKey);
    const ask = (room: string, receipts: readonly string[], forSeconds: number): Promise<Load> => (
      load({ url: `${admission.url}${ADMISSION_PREFIX}/rooms/${room}/places/me`, method: 'GET', vary: inTurn(receipts) }, forSeconds)
    );
    const echo = (receipts: readonly string[], forSeconds: number): Promise<Load> => (
      load({ url: `http://127.0.0.1:${echoPort}/echo`, method: 'GET', vary: inTurn(receipts) }, forSeconds)
    );
    const measure = async (room: string, receipts: readonly string[]): Promise<Run> => {
      // The same receipts for both: what the client spends on them is the same.
      const ceiling = await echo(receipts, seconds);
      const used = countCpu([admission.process.pid, redis.pid]);
      const ours = await ask(room, receipts, seconds);
      return { ours, ceiling, cpu: used() / Math.max(1, ours.answers) };
    };
    await ask('deep', deepReceipts, 2);
    await echo(deepReceipts, 2);
    const [shallow, deep]: [Run[], Run[]] = [[], []];
    for (let run = 0; run < runs; run += 1) {
      shallow.push(await measure('shallow', shallowReceipts));
      deep.push(await measure('deep', deepReceipts));
      printRun(run, runs, 'statuses', deep.at(-1) as Run);
    }
    return figuresOf('statuses', shallow, deep, STATUS_RATIO_MIN);
  } finally {
    await echoServer.stop();
    await system.close();
  }
}

/** One receipt after the other, far apart in the line. */
function inTurn(receipts: readonly string[]): NonNullable<Target['vary']> {
  let next = 0;
  return () => ({ headers: { authorization: `Bearer ${receipts[(next = (next + 7_919) % receipts.length)]}` } });
}
