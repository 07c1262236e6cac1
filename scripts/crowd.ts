import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  BOOKING_PREFIX,
  OPS_PREFIX,
  type AuditReply,
  type GaugesMessage,
  type JournalReply,
  type LayoutReply,
  type OpsRoomReply,
  type RoomPatch,
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
  type JournalEntry,
  type Judgement,
  type Wire,
  type World,
} from '@onsale/robot-fan';

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
const PROGRESS_EVERY_MS = 1_000;
const CONNECTIONS_MAX = 256;
const JOURNAL_PAGE = 1_000;
const JOURNAL_PAGES_MAX = 500;
const GAUGES_EVERY_MS = 2_000;
/** Booking, worker, storefront and ops may open so many connections together (their pools), and the server itself a few. */
const MYSQL_CONNECTIONS_MAX = 12 + 6 + 6 + 4 + 4;

type Operator = { readonly url: string; readonly name: string; readonly password: string };
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

/** The operator's side of a rehearsal. */
async function openOps(operator: Operator): Promise<{ wire: Wire; headers: Record<string, string> }> {
  const wire = openWire(operator.url, 4);
  const answer = await wire.send<{ token: string }>('POST', `${OPS_PREFIX}/sessions`, { body: { name: operator.name, password: operator.password } });
  if (answer.status >= 300 || answer.status === 0) throw new Error(`ops refused to sign the operator in: ${answer.status} ${JSON.stringify(answer.body)}`);
  return { wire, headers: { authorization: `Bearer ${answer.body.token}` } };
}
type Ops = Awaited<ReturnType<typeof openOps>>;

async function patchRoom({ wire, headers }: Ops, room: string, patch: RoomPatch): Promise<OpsRoomReply> {
  const before = await wire.send<OpsRoomReply>('GET', `${OPS_PREFIX}/rooms/${room}`, { headers });
  if (before.status !== 200) throw new Error(`ops does not know room ${room}: ${before.status}`);
  const after = await wire.send<OpsRoomReply>('PATCH', `${OPS_PREFIX}/rooms/${room}`, {
    headers: { ...headers, 'if-match': `"${before.body.version}"` },
    body: patch,
  });
  if (after.status !== 200) throw new Error(`ops refused the change: ${after.status} ${JSON.stringify(after.body)}`);
  return before.body;
}

async function readJournal({ wire, headers }: Ops, room: string, after: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for (let page = 0; page < JOURNAL_PAGES_MAX; page += 1) {
    const answer = await wire.send<JournalReply>('GET', `${OPS_PREFIX}/rooms/${room}/journal?after=${after}&limit=${JOURNAL_PAGE}`, { headers });
    if (answer.status !== 200) throw new Error(`the journal could not be read: ${answer.status}`);
    entries.push(...(answer.body.entries as unknown as JournalEntry[]));
    if (answer.body.entries.length < JOURNAL_PAGE) return entries;
    after = answer.body.next;
  }
  throw new Error(`the journal has more than ${JOURNAL_PAGES_MAX * JOURNAL_PAGE} entries`);
}

/** B8, seen from outside: the most connections MySQL had open while the crowd ran. */
function watchConnections({ wire, headers }: Ops, room: string): { stop: () => Judgement } {
  let [most, readings] = [0, 0];
  const timer = setInterval(async () => {
    const answer = await wire.send<GaugesMessage>('GET', `${OPS_PREFIX}/rooms/${room}/gauges`, { headers });
    if (answer.status !== 200 || answer.body.mysql === null) return;
    readings += 1;
    most = Math.max(most, answer.body.mysql.connections);
  }, GAUGES_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      const violations = most > MYSQL_CONNECTIONS_MAX ? [`${most} connections were open, the pools allow ${MYSQL_CONNECTIONS_MAX}`] : [];
      return { invariant: 'B8', checked: readings, violations, note: `most connections to MySQL: ${most}` };
    },
  };
}

async function judgeAudit({ wire, headers }: Ops): Promise<Judgement[]> {
  const answer = await wire.send<AuditReply>('GET', `${OPS_PREFIX}/audit`, { headers });
  if (answer.status !== 200) return [{ invariant: 'auditor', checked: 0, violations: [`the auditor did not answer: ${answer.status}`], note: '' }];
  return answer.body.checked.map((invariant) => {
    const violations = answer.body.findings.filter((finding) => finding.invariant === invariant).map(({ detail }) => detail);
    return {
      invariant: `${invariant} auditor`,
      checked: 1,
      violations,
      note: violations.length === 0 ? 'holds in the stores' : `${violations.length} found`,
    };
  });
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
  await runCrowd(
    world,
    { fans: Number(options.fans), arrivalMs: Number(options.arrival) * 1_000, pollShare: Number(options.poll), thinkMsMax: Number(options.think) },
    random,
    (progress) => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0).padStart(4);
      process.stdout.write(
        `${seconds} s  joined ${progress.started}  waiting ${progress.waiting}  inside ${progress.inside}  paid ${progress.paid}  gone ${progress.over}\n`,
      );
    },
    PROGRESS_EVERY_MS,
  );
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
    ...judgeNotes(observations.violations, ['W4', 'W5', 'W6', 'B2', 'B3', 'B4', 'B6', 'robot']),
    ...(await judgeAudit(ops)),
    b8,
  ];
  const report = makeReport(observations, judgements, seconds);
  const file = resolve(options.out ?? join(dataFolder, 'reports', `crowd-${options.seed}.json`));
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(`${printReport(report)}\n\nwhole report: ${file}\n`);
  await Promise.all([gate.close(), sandbox.close(), ops.wire.close()]);
  process.exitCode = report.violations === 0 && report.ticketsSold > 0 ? 0 : 1;
}

await main();
