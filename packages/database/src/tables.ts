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
/** Apps that have a user of their own in the database; nobody else gets in. `storefront` is to come and reads what is on sale. */
export const DATABASE_APPS = ['booking', 'worker', 'ops', 'storefront'] as const;
/** The name of an app's user, on MySQL and on Redis. */
export const userOfApp = (app: string): string => `onsale_${app}`;
export type DatabaseApp = (typeof DATABASE_APPS)[number];
/** Select, insert, update, delete. A row is locked by who may update it. The owner, who migrates, may everything. */
export type Rights = Readonly<Partial<Record<DatabaseApp, 'S' | 'SI' | 'SU' | 'SD' | 'SIU' | 'SID' | 'SUD' | 'SIUD'>>>;
export type Table = { readonly life: Life; readonly rights: Rights };

const passing = (keptMs: number, until: string): Life => ({ kind: 'passing', keptMs, until });
const SETUP: Life = { kind: 'setup' };
const RECORD: Life = { kind: 'record' };

export const TABLES = {
  schema_migration: { life: SETUP, rights: { booking: 'S', worker: 'S', ops: 'S', storefront: 'S' } },
  room: { life: SETUP, rights: { worker: 'SU', ops: 'SIU' } },
  room_incarnation: { life: SETUP, rights: { worker: 'SIU' } },
  // One a room and epoch, under a kilobyte: what the organiser is told of a sale. Deleted only when the room turns out not to be over.
  room_report: { life: RECORD, rights: { worker: 'SIUD', ops: 'S' } },
  audit_look: { life: SETUP, rights: { worker: 'SIU', ops: 'S' } },
  operator: { life: SETUP, rights: { ops: 'SU' } },
  audit_log: { life: RECORD, rights: { worker: 'SI', ops: 'SI' } },
  operator_session: { life: passing(0, 'it is over'), rights: { worker: 'SD', ops: 'SID' } },
  entry_key: { life: passing(7 * DAY_MS, 'it verifies nothing any more; a token lives for minutes'), rights: { booking: 'S', worker: 'SD' } },
  finding: { life: passing(90 * DAY_MS, 'it was last seen'), rights: { worker: 'SIUD', ops: 'S' } },
  outbox: { life: passing(DAY_MS, 'it was closed'), rights: { booking: 'SIU', worker: 'SIUD', ops: 'S' } },

  show_sale: { life: SETUP, rights: { booking: 'S', worker: 'SU', ops: 'SU', storefront: 'S' } },
  show_layout: { life: SETUP, rights: { booking: 'S', worker: 'S', storefront: 'S' } },
  show_grade: { life: SETUP, rights: { booking: 'S', worker: 'S', ops: 'S', storefront: 'S' } },
  show_clock: { life: SETUP, rights: { booking: 'SU', worker: 'SU' } },
  seat: { life: SETUP, rights: { booking: 'SU', worker: 'SU', ops: 'S', storefront: 'S' } },
  seat_lapse: { life: passing(HOUR_MS, 'the seat was last let lapse; nobody asks for it any more'), rights: { booking: 'SIU', worker: 'SIUD' } },
  seat_delta: { life: passing(10 * MINUTE_MS, 'it was written; who is further behind reads all seats'), rights: { booking: 'SI', worker: 'SID' } },
  // Longer than a token or a session can last (6 h), so that a place still enters once and an end is still known.
  entry_session: { life: passing(DAY_MS, 'it is over, with its counters in allowance'), rights: { booking: 'SI', worker: 'SUD', ops: 'S' } },
  session_end: { life: passing(2 * DAY_MS, 'it was written'), rights: { booking: 'SIU', worker: 'SIUD', ops: 'S' } },
  // Longer than a provider may answer late: a late payment takes the seats of its hold again, counted in allowance, or is given back.
  hold: {
    life: passing(30 * DAY_MS, 'its time was over, and it was given back or expired; a settled hold is a record'),
    rights: { booking: 'SIU', worker: 'SIUD', ops: 'S' },
  },
  allowance: {
    life: passing(30 * DAY_MS, 'the sale of its show, or of every show of its event, was over, and nothing is held; else a record'),
    rights: { booking: 'SIU', worker: 'SIUD', ops: 'S' },
  },
  ticket_order: { life: RECORD, rights: { booking: 'SIU', worker: 'SU', ops: 'S' } },
  order_line: { life: RECORD, rights: { booking: 'SIU', worker: 'SU', ops: 'S' } },
  ticket: { life: RECORD, rights: { booking: 'SIU', worker: 'SIU', ops: 'S' } },
  payment_attempt: { life: RECORD, rights: { booking: 'SIU', worker: 'SU', ops: 'S' } },
  payment: { life: RECORD, rights: { booking: 'SIU', worker: 'SIU', ops: 'S' } },
  refund: { life: RECORD, rights: { booking: 'SIU', worker: 'SIU', ops: 'S' } },
} as const satisfies Readonly<Record<string, Table>>;

export type TableName = keyof typeof TABLES;
export type PassingTable = { [Name in TableName]: (typeof TABLES)[Name]['life'] extends { readonly kind: 'passing' } ? Name : never }[TableName];

export function keptMsOf(table: TableName): number {
  const life: Life = TABLES[table].life;
  if (life.kind !== 'passing') throw new Error(`${table} is not pruned`);
  return life.keptMs;
}
