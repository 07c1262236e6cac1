import type { Queryable } from '@onsale/database';
import type { SeatCommand } from '../rules/command.ts';

/** Live holds whose time is over, as commands for the engine, oldest first. Not locked: the engine decides. */
export async function findExpired(session: Queryable, limit: number): Promise<readonly SeatCommand[]> {
  throw new Error(`not built yet: ${typeof session} ${limit}`);
}
