import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
import { commandLine } from './command-line.ts';
import { judgeAudit, openOps, putBack, readJournal, setForCrowd, watchConnections, type Operator } from './crowd/operator.ts';

/**
 * npm run crowd -- --fans 5000: robots through the very doors that fans use, against the running system, with progress and
 * a judged report. Sets its own rate and capacity for its time; puts back what nobody else has set since. Exits 1 on any violation.
 */
const { options } = commandLine({
  run: 'npm run crowd',
  does: 'Sends robots through the doors that fans use, against the running system, and judges what they saw. Exits 1 on any violation.',
  options: {
    fans: { is: 'number', normally: 5_000, least: 1, most: 100_000, says: 'how many come' },
    rate: { is: 'number', normally: 3_000, least: 0, most: 600_000, says: 'calls per minute meanwhile' },
    capacity: { is: 'number', normally: 500, least: 0, most: 1_000_000, says: 'slots meanwhile' },
    arrival: { is: 'number', normally: 20, least: 0, most: 3_600, says: 'seconds within which they come' },
    minutes: { is: 'number', normally: 10, least: 0.1, most: 120, fraction: true, says: 'longest time it takes' },
    poll: { is: 'number', normally: 0.2, least: 0, most: 1, fraction: true, says: 'share of them who poll instead of holding a socket' },
    think: { is: 'number', normally: 1_500, least: 0, most: 60_000, says: 'longest thought before a step, in ms' },
    room: { is: 'text', normally: 'demo', says: 'the room' },
    show: { is: 'text', normally: 'demo', says: 'the show' },
    seed: { is: 'text', says: 'replays a crowd; normally the time of day' },
    out: { is: 'text', says: 'file of the report; normally in the data folder' },
  },
});
const seed = options.seed ?? String(Date.now());
const plan: CrowdPlan = {
  fans: options.fans,
  arrivalMs: options.arrival * 1_000,
  pollShare: options.poll,
  thinkMsMax: options.think,
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
  const file = resolve(options.out ?? join(dataFolder, 'reports', `crowd-${seed}.json`));
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(`${printReport(report)}\n\nwhole report: ${file}\n`);
}

async function main(): Promise<void> {
  const addresses = readJson<Addresses>('addresses.json', 'run npm start first.');
  const ops = await openOps(readJson<Operator>('operator.json', 'run npm start first.'));
  const room = options.room;
  const random = seededRandom(seed);
  const gate = openWire(addresses.gateway, CONNECTIONS_MAX);
  const sandbox = openWire(addresses.sandbox, 64);
  const layout = await gate.send<LayoutReply>('GET', `${BOOKING_PREFIX}/shows/${options.show}/layout`);
  if (layout.status !== 200) throw new Error(`the show ${options.show} has no layout: ${layout.status}`);
  const time = AbortSignal.timeout(options.minutes * 60_000);
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
  const loan = await setForCrowd(ops, room, { ratePerMinute: options.rate, capacity: options.capacity });
  process.stdout.write(
    `${options.fans} fans towards ${addresses.gateway}, room ${room}, rate ${options.rate}/min, capacity ${options.capacity}, seed ${seed}\n`,
  );
  const connections = watchConnections(ops, room);
  const startedAt = performance.now();
  try {
    await runCrowd(world, plan, random, (progress) => printProgress(progress, performance.now() - startedAt), PROGRESS_EVERY_MS);
  } finally {
    for (const line of await putBack(ops, loan)) process.stdout.write(`${line}\n`);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const b8 = connections.stop();
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
