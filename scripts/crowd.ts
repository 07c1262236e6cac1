import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  BOOKING_PREFIX,
  type LayoutReply,
} from '@onsale/contract';
import { seededRandom } from '@onsale/kernel';
import {
  judgeArrivals,
  judgeCapacity,
  judgeNotes,
  judgeOrder,
  judgeRate,
  judgeRedeems,
  judgeSeats,
  makeReport,
  Observations,
  openWire,
  printReport,
  runCrowd,
  type CrowdPlan,
  type CrowdProgress,
  type Report,
  type World,
} from '@onsale/robot-fan';
import { judgeAudit, openOps, patchRoom, readJournal, watchConnections, type Operator } from './crowd/operator.ts';

/**
 * npm run crowd -- --fans 5000: robots through the very doors that fans use, against the running system, with progress and
 * a judged report. Sets its own rate and capacity and puts the operator's back. Exits 1 on any violation.
 */
const { values: options } = parseArgs({
  options: {
    fans: { type: 'string', default: '5000' },
    rate: { type: 'string', default: '3000' },
    capacity: { type: 'string', default: '500' },
    arrival: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '10' },
    poll: { type: 'string', default: '0.2' },
    think: { type: 'string', default: '1500' },
    room: { type: 'string', default: 'demo' },
    show: { type: 'string', default: 'demo' },
    seed: { type: 'string', default: String(Date.now()) },
    out: { type: 'string' },
  },
});
const plan: CrowdPlan = {
  fans: Number(options.fans),
  arrivalMs: Number(options.arrival) * 1_000,
  pollShare: Number(options.poll),
  thinkMsMax: Number(options.think),
};
const PROGRESS_EVERY_MS = 1_000;
const CONNECTIONS_MAX = 256;

type Addresses = { readonly gateway: string; readonly sandbox: string };

const dataFolder = resolve(process.env['ONSALE_DATA'] ?? '.data');

function readJson<Shape>(file: string, hint: string): Shape {
  const path = join(dataFolder, file);
  if (!existsSync(path)) {
    process.stderr.write(`${path} is not there: ${hint}\n`);
    process.exit(2);
  }
  return JSON.parse(readFileSync(path, 'utf8')) as Shape;
}

function printProgress({ started, waiting, inside, paid, over }: CrowdProgress, sinceMs: number): void {
  const seconds = (sinceMs / 1_000).toFixed(0).padStart(4);
  process.stdout.write(`${seconds} s  joined ${started}  waiting ${waiting}  inside ${inside}  paid ${paid}  gone ${over}\n`);
}

function writeReport(report: Report): void {
  const file = resolve(options.out ?? join(dataFolder, 'reports', `crowd-${options.seed}.json`));
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(`${printReport(report)}\n\nwhole report: ${file}\n`);
}

async function main(): Promise<void> {
  const addresses = readJson<Addresses>('addresses.json', 'run npm start first.');
  const ops = await openOps(readJson<Operator>('operator.json', 'run npm start first.'));
  const room = options.room;
  const random = seededRandom(options.seed);
  const gate = openWire(addresses.gateway, CONNECTIONS_MAX);
  const sandbox = openWire(addresses.sandbox, 64);
  const layout = await gate.send<LayoutReply>('GET', `${BOOKING_PREFIX}/shows/${options.show}/layout`);
  if (layout.status !== 200) throw new Error(`the show ${options.show} has no layout: ${layout.status}`);
  const time = AbortSignal.timeout(Number(options.minutes) * 60_000);
  const leave = new AbortController();
  process.once('SIGINT', () => leave.abort());
  const observations = new Observations();
  const world: World = {
    gate,
    room,
    shop: { show: options.show, sandbox, layout: layout.body },
    random,
    observations,
    nowMs: () => performance.now(),
    signal: AbortSignal.any([time, leave.signal]),
  };
  const journalFrom = (await readJournal(ops, room, '0')).at(-1)?.id ?? '0';
  const before = await patchRoom(ops, room, {
    ratePerMinute: Number(options.rate),
    capacity: Number(options.capacity),
    phase: 'open',
    cause: 'crowd rehearsal',
  });
  process.stdout.write(
    `${options.fans} fans towards ${addresses.gateway}, room ${room}, rate ${options.rate}/min, capacity ${options.capacity}, seed ${options.seed}\n`,
  );
  const connections = watchConnections(ops, room);
  const startedAt = performance.now();
  await runCrowd(world, plan, random, (progress) => printProgress(progress, performance.now() - startedAt), PROGRESS_EVERY_MS);
  const seconds = (performance.now() - startedAt) / 1_000;
  const b8 = connections.stop();
  await patchRoom(ops, room, { ratePerMinute: before.ratePerMinute, capacity: before.capacity, cause: 'crowd rehearsal over' });
  const journal = await readJournal(ops, room, journalFrom);
  const judgements = [
    judgeCapacity(journal),
    judgeRate(journal),
    judgeOrder(journal),
    judgeRedeems(journal),
    judgeArrivals(observations.fans),
    judgeSeats(observations.fans),
    ...judgeNotes(observations.violations, ['W4', 'W5', 'W6', 'B2', 'B3', 'B4', 'B5', 'B6', 'robot']),
    ...(await judgeAudit(ops)),
    b8,
  ];
  const report = makeReport(observations, judgements, seconds);
  writeReport(report);
  await Promise.all([gate.close(), sandbox.close(), ops.wire.close()]);
  process.exitCode = report.violations === 0 && report.ticketsSold > 0 ? 0 : 1;
}

await main();
