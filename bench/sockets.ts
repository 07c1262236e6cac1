import { join } from 'node:path';
import { ADMISSION_PREFIX } from '@onsale/contract';
import { freePort, type NodeApp } from '@onsale/services';
import { cpuOfProcess } from './measure/cpu.ts';
import { atLeast, atMost, figure, median, type Figure } from './measure/figures.ts';
import { fillRoom, openRoomForBench } from './measure/room.ts';
import { MEASURED, startProgram } from './measure/program.ts';
import { openBenchSystem } from './measure/system.ts';

/**
 * 10,000 sockets on one admission process beside bare `ws` with as many: resident memory a socket after garbage collection,
 * and what a frame costs a socket in CPU. Both send the same frame once a second; ours also minds presence and calls.
 */
export const SOCKETS = 10_000;
export const RATIO_MAX = 1.5;
const SETTLE_MS = 5_000;
const OPEN_PER_SECOND = 1_500;
const OPEN_MS_MAX = 60_000;

type Reading = { readonly bytes: number; readonly micros: number; readonly frames: number; readonly open: number };

export async function benchSockets({ runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const ours: Reading[] = [];
  const raw: Reading[] = [];
  for (let run = 0; run < runs; run += 1) {
    ours.push(await measureOurs(seconds));
    raw.push(await measureRaw(seconds));
    process.stdout.write(`  run ${run + 1} of ${runs}: ${Math.round(ours.at(-1)?.bytes ?? 0)} B a socket, raw ${Math.round(raw.at(-1)?.bytes ?? 0)} B\n`);
  }
  const of = (readings: readonly Reading[], value: (reading: Reading) => number): number => median(readings.map(value));
  const memory = of(ours, ({ bytes }) => bytes) / of(raw, ({ bytes }) => bytes);
  const cost = of(ours, ({ micros }) => micros) / of(raw, ({ micros }) => micros);
  const open = of(ours, ({ open }) => open);
  return [
    figure('sockets open', open, '', atLeast(open, SOCKETS)),
    figure('resident memory a socket', of(ours, ({ bytes }) => bytes), 'B', undefined, ours.map(({ bytes }) => bytes)),
    figure('ceiling: raw ws', of(raw, ({ bytes }) => bytes), 'B', undefined, raw.map(({ bytes }) => bytes)),
    figure('ratio of memory', memory, '', atMost(memory, RATIO_MAX)),
    figure('CPU a socket and frame', of(ours, ({ micros }) => micros), 'µs', undefined, ours.map(({ micros }) => micros)),
    figure('ceiling: raw ws', of(raw, ({ micros }) => micros), 'µs', undefined, raw.map(({ micros }) => micros)),
    figure('ratio of frame cost', cost, '', atMost(cost, RATIO_MAX)),
    figure('frames heard a second', of(ours, ({ frames }) => frames), '/s'),
  ];
}

async function measureOurs(seconds: number): Promise<Reading> {
  const system = await openBenchSystem({});
  try {
    await openRoomForBench(system.redis.url, 'bench');
    const receipts = await fillRoom(system.redis.url, 'bench', SOCKETS, system.secrets.receipt[0]);
    const admission = await system.startApp('admission', { nodeArgs: MEASURED });
    return await measure(admission.process, `ws://127.0.0.1:${admission.port}${ADMISSION_PREFIX}/rooms/bench/socket`, receipts, seconds);
  } finally {
    await system.close();
  }
}

async function measureRaw(seconds: number): Promise<Reading> {
  const port = await freePort();
  const server = await startProgram(join(import.meta.dirname, 'ceilings/raw-ws.ts'), [String(port)]);
  try {
    server.send({ frame: JSON.stringify(exampleFrame()) });
    return await measure(server, `ws://127.0.0.1:${port}`, [], seconds);
  } finally {
    await server.stop();
  }
}

async function measure(server: NodeApp, url: string, receipts: readonly string[], seconds: number): Promise<Reading> {
  const crowd = await startProgram(join(import.meta.dirname, 'ceilings/socket-crowd.ts'));
  try {
    return await read(server, crowd, { url, receipts, seconds });
  } finally {
    await crowd.stop();
  }
}

type Reads = { readonly url: string; readonly receipts: readonly string[]; readonly seconds: number };

async function read(server: NodeApp, crowd: NodeApp, { url, receipts, seconds }: Reads): Promise<Reading> {
  const before = await residentBytes(server);
  crowd.send({ order: { url, count: SOCKETS, receipts, perSecond: OPEN_PER_SECOND } });
  await crowd.message((message): message is { opened: number } => typeof (message as { opened?: number }).opened === 'number', OPEN_MS_MAX);
  await pause(SETTLE_MS);
  const framesBefore = await framesOf(crowd);
  const cpuBefore = cpuOfProcess(server.pid);
  await pause(seconds * 1_000);
  const cpu = cpuOfProcess(server.pid) - cpuBefore;
  const framesAfter = await framesOf(crowd);
  const after = await residentBytes(server);
  const frames = framesAfter.frames - framesBefore.frames;
  return { bytes: (after - before) / SOCKETS, micros: cpu / Math.max(1, frames), frames: frames / seconds, open: framesAfter.open };
}

async function residentBytes(server: NodeApp): Promise<number> {
  const answer = server.message((message): message is { collected: { rss: number } } => (message as { collected?: object }).collected !== undefined, 10_000);
  server.send({ collect: true });
  return (await answer).collected.rss;
}
async function framesOf(crowd: NodeApp): Promise<{ frames: number; open: number }> {
  const answer = crowd.message((message): message is { frames: number; open: number } => typeof (message as { frames?: number }).frames === 'number', 10_000);
  crowd.send({ frames: true });
  return await answer;
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A frame of a full room: 64 marks. */
const exampleFrame = () => ({
  type: 'frame', room: 'bench', epoch: 1, seq: 1, phase: 'open', reason: 'rate', present: 10_000, calledThrough: null, callsLastMinute: 0,
  marks: Array.from({ length: 64 }, (_, index) => [4_294_967_296 + index * 150, index * 150]),
});
