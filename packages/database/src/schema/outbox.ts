import { bigint, datetime, index, json, mysqlTable, smallint, varchar } from '../drizzle.ts';

/** Written and read by src/outbox.ts only. */
export const outbox = mysqlTable(
  'outbox',
  {
    id: bigint({ mode: 'number', unsigned: true }).primaryKey().autoincrement(),
    kind: varchar({ length: 40 }).notNull(),
    orderingKey: varchar('ordering_key', { length: 100 }).notNull(),
    payload: json().notNull(),
    madeAt: datetime('made_at', { fsp: 3 }).notNull(),
    nextAt: datetime('next_at', { fsp: 3 }).notNull(),
    attempts: smallint({ unsigned: true }).notNull().default(0),
    lastError: varchar('last_error', { length: 80 }),
    closedAt: datetime('closed_at', { fsp: 3 }),
  },
  (table) => [index('open_by_time').on(table.closedAt, table.nextAt), index('open_by_key').on(table.orderingKey, table.closedAt, table.id)],
);
