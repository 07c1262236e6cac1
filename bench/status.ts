import { join } from 'node:path';
import { ADMISSION_PREFIX } from '@onsale/contract';
import { freePort } from '@onsale/services';
import { DEEP_LINE, figuresOf, printRun, type Run } from './join.ts';
import { countCpu } from './measure/cpu.ts';
import type { Figure } from './measure/figures.ts';
import { load, type Load } from './measure/load.ts';
import { fillRoom, openRoomForBench } from './measure/room.ts';
import { openStack } from './measure/stack.ts';

/** The own place over HTTP (a sign of life and the exact position) beside a bare Fastify GET; empty and deep line. */
export const STATUS_RATIO_MIN = 0.7;
/** So many fans ask in turn in the shallow room: few enough to be shallow, enough that nobody asks more often than allowed. */
const SHALLOW_LINE = 2_000;

export async function benchStatus({ runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const stack = openStack();
  try {
    const redis = await stack.redis();
    const receiptKey = stack.secrets.receipt[0];
    await openRoomForBench(redis.url, 'shallow');
    await openRoomForBench(redis.url, 'deep');
    const shallowReceipts = await fillRoom(redis.url, 'shallow', SHALLOW_LINE, receiptKey);
    const deepReceipts = await fillRoom(redis.url, 'deep', DEEP_LINE, receiptKey);
    const admission = await stack.app('admission', { env: { POLL_BURST: '1000000' } });
    const echoPort = await freePort();
    await stack.program(join(import.meta.dirname, 'ceilings/echo.ts'), [String(echoPort)]);
    const ask = (room: string, receipts: readonly string[], forSeconds: number): Promise<Load> => {
      let next = 0;
      const vary = () => ({ headers: { authorization: `Bearer ${receipts[(next = (next + 7_919) % receipts.length)]}` } });
      return load({ url: `${admission.url}${ADMISSION_PREFIX}/rooms/${room}/places/me`, method: 'GET', vary }, forSeconds);
    };
    const echo = (forSeconds: number): Promise<Load> => {
      let next = 0;
      const vary = () => ({ headers: { authorization: `Bearer ${deepReceipts[(next = (next + 7_919) % deepReceipts.length)]}` } });
      return load({ url: `http://127.0.0.1:${echoPort}/echo`, method: 'GET', vary }, forSeconds);
    };
    const measure = async (room: string, receipts: readonly string[]): Promise<Run> => {
      const ceiling = await echo(seconds);
      const used = countCpu([admission.process.pid, redis.pid]);
      const ours = await ask(room, receipts, seconds);
      return { ours, ceiling, cpu: used() / Math.max(1, ours.answers) };
    };
    await ask('deep', deepReceipts, 2);
    await echo(2);
    const [shallow, deep]: [Run[], Run[]] = [[], []];
    for (let run = 0; run < runs; run += 1) {
      shallow.push(await measure('shallow', shallowReceipts));
      deep.push(await measure('deep', deepReceipts));
      printRun(run, runs, 'statuses', deep.at(-1) as Run);
    }
    return figuresOf('statuses', shallow, deep, STATUS_RATIO_MIN);
  } finally {
    await stack.close();
  }
}
