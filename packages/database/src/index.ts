export { checkSchema, migrate, MigrationRefused, type MigrateOptions } from './migrate.ts';
export { CommitUnknown, DatabaseAway, DatabaseBusy, isCheckViolation, isDuplicate, isUnavailable, RowsLocked, SqlFailure } from './failures.ts';
export { classOf, ERROR_CLASSES, type ErrorClass } from './error-classes.ts';
export { MIGRATIONS_FOLDER } from './migration-files.ts';
export { openDatabase, type Database, type DatabaseConfig } from './open-db.ts';
export { openPool, type Pool, type PoolConfig, type PoolGauges, type PoolRole } from './pool.ts';
export { inTransaction, type TransactionOptions } from './transaction.ts';
export { alikeOf, gathered, GATHERED_MAX, type GatheredRun } from './gathered.ts';
export type { Connection, FieldPacket, Isolation, Queryable, QueryResult, ResultSetHeader, RowDataPacket, SqlValue, Tx } from './session.ts';
export { DATABASE_APPS, keptMsOf, TABLES, userOfApp, type DatabaseApp, type Life, type Rights, type TableName } from './tables.ts';
export { grantApps, grantStatements } from './grants.ts';
export { createSlots, type Slots, type SlotsConfig } from './slots.ts';
export { within } from './patience.ts';
export {
  addOutboxRow, addOutboxRows, claimOutboxRows, closeOutboxRow, closeOutboxRows, OUTBOX_BATCH_MAX, outboxPauseMs, pruneOutbox, readOutboxGauges, retryOutboxRow,
  type ClaimOptions, type NewOutboxRow, type OutboxGauges, type OutboxPayload, type OutboxRetry, type OutboxRow,
} from './outbox.ts';
export {
  createGroupCommit, type Admission, type GroupCommit, type GroupCommitOptions,
  type NotDecided, type Outcome,
} from './group-commit.ts';
export { GROUP_COMMIT_LIMITS, type GroupCommitGauges, type GroupCommitLimits } from './group-commit-limits.ts';
