import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from '@onsale/services';

/** Takes a Redis' newest seconds away, as a power loss does: its append-only file ends where it ended at `keep`, as often as one likes. */
export type TailCutter = {
  /** All that is written until now will survive. */
  keep(): void;
  /** Kills the server, cuts, and starts it on what is left. */
  lose(): Promise<void>;
};

export function tailCutter(redis: Redis): TailCutter {
  const folder = join(redis.folder, 'data', 'appendonlydir');
  const newest = (): string => join(folder, readdirSync(folder).find((name) => name.endsWith('.incr.aof')) ?? '');
  let keptBytes = 0;
  return {
    keep() {
      keptBytes = statSync(newest()).size;
      if (keptBytes === 0) throw new Error('nothing is written yet');
    },
    // Wherever the cut falls: Redis starts with the last record that is whole.
    async lose() {
      await redis.kill();
      truncateSync(newest(), keptBytes);
      await redis.restart();
    },
  };
}
