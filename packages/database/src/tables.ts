/**
 * Every table of the house, once: how long its rows stay and who may do what to them. A test holds it against what the migrations make; the worker's
 * pruner deletes by it, `grants.ts` makes the rights of each app's user from it.
 *
 * setup     grows with what operators make: rooms, shows, operators.
 * record    grows with what is sold or decided, and is never pruned: orders, money, tickets and the seats that they are for; the audit log.
 * passing   has a use for `keptMs` after its row is over, and leaves then.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export type Life = { readonly kind: 'setup' | 'record' } | { readonly kind: 'passing'; readonly keptMs: number; readonly until: string };
export type Table = { readonly life: Life };

const passing = (keptMs: number, until: string): Life => ({ kind: 'passing', keptMs, until });
const SETUP: Life = { kind: 'setup' };
const RECORD: Life = { kind: 'record' };

export const TABLES = {
  schema_migration: { life: SETUP },
  room: { life: SETUP },
  room_incarnation: { life: SETUP },
  audit_look: { life: SETUP },
  operator: { life: SETUP },
  audit_log: { life: RECORD },
  operator_session: { life: passing(0, 'it is over') },
  entry_key: { life: passing(7 * DAY_MS, 'it verifies nothing any more; a token lives for minutes') },
  finding: { life: passing(90 * DAY_MS, 'it was last seen') },
  outbox: { life: passing(DAY_MS, 'it was closed') },

  show_sale: { life: SETUP },
  show_layout: { life: SETUP },
  show_grade: { life: SETUP },
  show_clock: { life: SETUP },
  seat: { life: SETUP },
  seat_delta: { life: passing(10 * MINUTE_MS, 'it was written; who is further behind reads all seats') },
  // Longer than a token or a session can last (6 h), so that a place still enters once and an end is still known.
  entry_session: { life: passing(DAY_MS, 'it is over, with its counters in allowance') },
  session_end: { life: passing(2 * DAY_MS, 'it was written') },
  // Longer than a provider may answer late: a late payment takes the seats of its hold again, counted in allowance, or is given back.
  hold: { life: passing(30 * DAY_MS, 'its time was over, and it was given back or expired; a settled hold is a record') },
  allowance: { life: passing(30 * DAY_MS, 'the sale of its show, or of every show of its event, was over, and nothing is held; else a record') },
  ticket_order: { life: RECORD },
  order_line: { life: RECORD },
  ticket: { life: RECORD },
  payment_attempt: { life: RECORD },
  payment: { life: RECORD },
  refund: { life: RECORD },
} as const satisfies Readonly<Record<string, Table>>;

export type TableName = keyof typeof TABLES;
export type PassingTable = { [Name in TableName]: (typeof TABLES)[Name]['life'] extends { readonly kind: 'passing' } ? Name : never }[TableName];

export function keptMsOf(table: TableName): number {
  const life: Life = TABLES[table].life;
  if (life.kind !== 'passing') throw new Error(`${table} is not pruned`);
  return life.keptMs;
}
