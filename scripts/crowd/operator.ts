import { OPS_PREFIX, type AuditReply, type GaugesMessage, type JournalReply, type OpsRoomReply, type RoomPatch } from '@onsale/contract';
import { openWire, type JournalEntry, type Judgement, type Wire } from '@onsale/robot-fan';

export type Operator = { readonly url: string; readonly name: string; readonly password: string };

const JOURNAL_PAGE = 1_000;
const JOURNAL_PAGES_MAX = 500;
const GAUGES_EVERY_MS = 2_000;
const AUDIT_TRIES_MAX = 5;
const PATCH_TRIES_MAX = 5;
/** Another version than the one that was seen. */
const CONFLICT = 412;
const AUDIT_PAUSE_MS = 2_000;
/** Booking, worker, storefront and ops may open so many connections together (their pools), and the server itself a few. */
const MYSQL_CONNECTIONS_MAX = 12 + 6 + 6 + 4 + 4;

/** The operator's side of a rehearsal. */
export async function openOps(operator: Operator): Promise<{ wire: Wire; headers: Record<string, string> }> {
  const wire = openWire(operator.url, 4);
  const answer = await wire.send<{ token: string }>('POST', `${OPS_PREFIX}/sessions`, { body: { name: operator.name, password: operator.password } });
  if (answer.status >= 300 || answer.status === 0) throw new Error(`ops refused to sign the operator in: ${answer.status} ${JSON.stringify(answer.body)}`);
  return { wire, headers: { authorization: `Bearer ${answer.body.token}` } };
}
export type Ops = Awaited<ReturnType<typeof openOps>>;

async function readRoom({ wire, headers }: Ops, room: string): Promise<OpsRoomReply> {
  const answer = await wire.send<OpsRoomReply>('GET', `${OPS_PREFIX}/rooms/${room}`, { headers });
  if (answer.status !== 200) throw new Error(`ops does not know room ${room}: ${answer.status}`);
  return answer.body;
}

/** On top of the version that was seen; undefined when somebody has changed the room since. */
async function patchRoom({ wire, headers }: Ops, seen: OpsRoomReply, patch: RoomPatch): Promise<OpsRoomReply | undefined> {
  const after = await wire.send<OpsRoomReply>('PATCH', `${OPS_PREFIX}/rooms/${seen.room}`, {
    headers: { ...headers, 'if-match': `"${seen.version}"` },
    body: patch,
  });
  if (after.status === CONFLICT) return undefined;
  if (after.status !== 200) throw new Error(`ops refused the change: ${after.status} ${JSON.stringify(after.body)}`);
  return after.body;
}

/** What a crowd sets for its time, and puts back. */
const LENT = ['ratePerMinute', 'capacity'] as const;
export type Loan = { readonly before: OpsRoomReply; readonly during: OpsRoomReply };

export async function setForCrowd(ops: Ops, room: string, wanted: Pick<OpsRoomReply, (typeof LENT)[number]>): Promise<Loan> {
  for (let again = 0; again < PATCH_TRIES_MAX; again += 1) {
    const before = await readRoom(ops, room);
    const during = await patchRoom(ops, before, { ...wanted, phase: 'open', cause: 'crowd rehearsal' });
    if (during !== undefined) return { before, during };
  }
  throw new Error(`room ${room} was changed by others ${PATCH_TRIES_MAX} times in a row`);
}

const told = (limit: number | null): string => (limit === null ? 'no limit' : String(limit));

/**
 * Puts back what still is as the crowd set it. What somebody else has set meanwhile is theirs and stays, also when they set it between our
 * look and our change. Gives a line for each setting.
 */
export async function putBack(ops: Ops, { before, during }: Loan): Promise<string[]> {
  for (let again = 0; again < PATCH_TRIES_MAX; again += 1) {
    const now = await readRoom(ops, before.room);
    const ours = LENT.filter((name) => now[name] === during[name]);
    const patch = Object.fromEntries(ours.map((name) => [name, before[name]]));
    const after = ours.length === 0 ? now : await patchRoom(ops, now, { ...patch, cause: 'crowd rehearsal over' });
    if (after === undefined) continue;
    return LENT.map((name) => {
      if (ours.includes(name)) return `${name}: put back to ${told(after[name])}`;
      return `${name}: stays ${told(after[name])}, as somebody set it meanwhile (${told(before[name])} before the crowd)`;
    });
  }
  return [`${LENT.join(', ')}: not put back, for others changed the room ${PATCH_TRIES_MAX} times in a row`];
}

export async function readJournal({ wire, headers }: Ops, room: string, after: string): Promise<JournalEntry[]> {
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
export function watchConnections({ wire, headers }: Ops, room: string): { stop: () => Judgement } {
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

export async function judgeAudit({ wire, headers }: Ops): Promise<Judgement[]> {
  let answer = await wire.send<AuditReply>('GET', `${OPS_PREFIX}/audit`, { headers });
  for (let again = 1; again < AUDIT_TRIES_MAX && answer.status === 503; again += 1) {
    await new Promise((resolve) => setTimeout(resolve, answer.retryAfterMs ?? AUDIT_PAUSE_MS));
    answer = await wire.send<AuditReply>('GET', `${OPS_PREFIX}/audit`, { headers });
  }
  if (answer.status !== 200) return [{ invariant: 'auditor', checked: 0, violations: [`the auditor did not answer: ${answer.status}`], note: '' }];
  const { unwatched } = answer.body;
  const open = unwatched === null ? [] : [{
    invariant: `${unwatched.invariants.join(', ')} auditor`, checked: 0, violations: ['nobody has looked lately: does a worker run?'], note: '',
  }];
  return [...open, ...answer.body.checked.map((invariant) => {
    const violations = answer.body.findings.filter((finding) => finding.invariant === invariant).map(({ detail }) => detail);
    return {
      invariant: `${invariant} auditor`,
      checked: 1,
      violations,
      note: violations.length === 0 ? 'holds in the stores' : `${violations.length} found`,
    };
  })];
}
