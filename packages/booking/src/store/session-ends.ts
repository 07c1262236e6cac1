import type { OpaqueId } from '@onsale/kernel';
import type { Pool } from '@onsale/database';
import { readArrays } from './lock-rows.ts';
import { idOf } from './sql-text.ts';

/** Ends of entry sessions in memory: reads are refused within a poll; writes read session_end in their own transaction. */
export type SessionEnds = { readonly has: (sid: OpaqueId) => boolean; readonly isCurrent: () => boolean; readonly close: () => void };

const POLL_MS = 250;
/** Without a poll for so long, a revoked session could still start something: then nothing new is started. */
const BLIND_MS = 10_000;
/** Rows become visible at their commit, not at their `at`: each poll looks back over longer than a transaction lasts. */
const LOOK_BACK_S = 15;
/** At start: longer than any session lasts. */
const START_LOOK_BACK_S = 3_600;
const KEPT_MAX = 200_000;

export function openSessionEnds(options: {
  readonly pool: Pool; readonly onFault?: ((error: unknown) => void) | undefined; readonly poll: boolean;
}): SessionEnds {
  const ended = new Set<OpaqueId>();
  let goodAt = options.poll ? -Infinity : Infinity;
  let first = true;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const learn = (sid: OpaqueId): void => {
    ended.add(sid);
    // Oldest first: their sessions are over by now anyway.
    if (ended.size > KEPT_MAX) for (const old of ended) if (ended.delete(old) && ended.size <= KEPT_MAX / 2) break;
  };
  const poll = async (): Promise<void> => {
    const began = performance.now();
    try {
      // A blind spell is made up for by looking back over all of it.
      const lookBack = first ? START_LOOK_BACK_S : LOOK_BACK_S + Math.ceil((began - goodAt) / 1_000);
      const rows = await readArrays<[Buffer]>(options.pool, 'SELECT sid FROM session_end WHERE at > NOW(3) - INTERVAL ? SECOND', [lookBack]);
      for (const [sid] of rows) learn(idOf(sid));
      goodAt = began;
      first = false;
    } catch (error) {
      if (!closed) options.onFault?.(error);
    }
    if (!closed) timer = setTimeout(() => void poll(), POLL_MS).unref();
  };
  if (options.poll) void poll();
  return {
    has: (sid) => ended.has(sid),
    isCurrent: () => goodAt === Infinity || performance.now() - goodAt < BLIND_MS,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
