import type { EntrySessions } from '@onsale/booking';
import type { Database } from '@onsale/database';
import type { MonotonicClock } from '@onsale/kernel';
import type { Logger, Metrics } from '@onsale/runtime';
import type { SalesContext } from '@onsale/sales';
import type { RoomConnection } from '@onsale/waiting-room';
import type { Effects } from './effects.ts';

/** What the loops work with; opened in wire.ts. */
export type WorkerContext = {
  readonly database: Database;
  readonly connection: RoomConnection;
  readonly sessions: EntrySessions;
  readonly sales: SalesContext;
  /** What a row of the outbox asks for, by its kind. */
  readonly effects: Effects;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly monotonic: MonotonicClock;
};
