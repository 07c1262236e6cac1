import { bigint, boolean, bytes, datetime, index, int, json, mysqlEnum, mysqlTable, primaryKey, smallint, varchar } from '../drizzle.ts';

/** Tables of `@onsale/control`; the migrations 01xx make them, a test compares the two. */
export const room = mysqlTable('room', {
  room: varchar({ length: 48 }).primaryKey(),
  nameKo: varchar('name_ko', { length: 200 }).notNull(),
  nameEn: varchar('name_en', { length: 200 }).notNull(),
  shows: json().$type<string[]>().notNull(),
  phase: mysqlEnum(['scheduled', 'open', 'paused', 'closed']).notNull(),
  opensAt: datetime('opens_at', { fsp: 3 }),
  ratePerMinute: int('rate_per_minute', { unsigned: true }),
  capacity: int({ unsigned: true }),
  callMs: int('call_ms', { unsigned: true }).notNull(),
  maxMisses: smallint('max_misses', { unsigned: true }).notNull(),
  absentAfterMs: int('absent_after_ms', { unsigned: true }).notNull(),
  entryTokenMs: int('entry_token_ms', { unsigned: true }).notNull(),
  sessionMaxMs: int('session_max_ms', { unsigned: true }).notNull(),
  identity: mysqlEnum(['device', 'account']).notNull(),
  rejoin: boolean().notNull(),
  version: int({ unsigned: true }).notNull(),
  epoch: int({ unsigned: true }).notNull(),
});

export const roomIncarnation = mysqlTable('room_incarnation', {
  room: varchar({ length: 48 }).primaryKey(),
  epoch: int({ unsigned: true }).notNull(),
  incarnation: int({ unsigned: true }).notNull(),
  runId: varchar('run_id', { length: 40 }).notNull(),
});

export const roomReport = mysqlTable(
  'room_report',
  {
    room: varchar({ length: 48 }).notNull(),
    epoch: int({ unsigned: true }).notNull(),
    reportedAt: datetime('reported_at', { fsp: 3 }).notNull(),
    leftAt: datetime('left_at', { fsp: 3 }),
    report: json().$type<Record<string, unknown>>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.room, table.epoch] }), index('by_leaving').on(table.leftAt)],
);

export const auditLog = mysqlTable(
  'audit_log',
  {
    id: bigint({ mode: 'number', unsigned: true }).primaryKey().autoincrement(),
    at: datetime({ fsp: 3 }).notNull(),
    actor: varchar({ length: 60 }).notNull(),
    action: varchar({ length: 40 }).notNull(),
    subject: varchar({ length: 100 }).notNull(),
    cause: varchar({ length: 200 }).notNull(),
    before: json('before_values').$type<Record<string, unknown>>(),
    after: json('after_values').$type<Record<string, unknown>>(),
  },
  (table) => [index('by_subject').on(table.subject, table.id)],
);

export const operator = mysqlTable('operator', {
  name: varchar({ length: 60 }).primaryKey(),
  role: mysqlEnum(['operator', 'organiser', 'gate']).notNull(),
  passwordHash: varchar('password_hash', { length: 200 }).notNull(),
  madeAt: datetime('made_at', { fsp: 3 }).notNull(),
  disabledAt: datetime('disabled_at', { fsp: 3 }),
});

export const operatorSession = mysqlTable(
  'operator_session',
  {
    tokenHash: bytes('token_hash', { length: 32 }).primaryKey(),
    name: varchar({ length: 60 }).notNull(),
    madeAt: datetime('made_at', { fsp: 3 }).notNull(),
    expiresAt: datetime('expires_at', { fsp: 3 }).notNull(),
  },
  (table) => [index('by_name').on(table.name), index('by_expiry').on(table.expiresAt)],
);

export const entryKey = mysqlTable('entry_key', {
  kid: varchar({ length: 64 }).primaryKey(),
  jwk: json().$type<Record<string, unknown>>().notNull(),
  notAfter: datetime('not_after', { fsp: 3 }),
  publishedAt: datetime('published_at', { fsp: 3 }).notNull(),
});

export const auditLook = mysqlTable('audit_look', {
  room: varchar({ length: 48 }).primaryKey(),
  at: datetime({ fsp: 3 }).notNull(),
});

export const finding = mysqlTable(
  'finding',
  {
    digest: bytes({ length: 32 }).primaryKey(),
    invariant: varchar({ length: 8 }).notNull(),
    detail: varchar({ length: 500 }).notNull(),
    firstAt: datetime('first_at', { fsp: 3 }).notNull(),
    lastAt: datetime('last_at', { fsp: 3 }).notNull(),
    seen: int({ unsigned: true }).notNull(),
  },
  (table) => [index('by_time').on(table.lastAt)],
);
