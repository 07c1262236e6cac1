import { EXPIRE_BATCH, expireHolds, type SalesContext } from '@onsale/sales';
import { SECOND_MS } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';

/**
 * Gives back the seats of holds whose time is over. Expiry is a command like any other: the engine locks, decides by the database's clock
 * and writes; two workers that find the same hold are one expiry and one that comes too late.
 */
export const EXPIRE_EVERY_MS = SECOND_MS / 2;

export type HoldExpirerOptions = { readonly sales: SalesContext; readonly onError: (error: unknown, name: string) => void };

export function startHoldExpirer({ sales, onError }: HoldExpirerOptions): Loop {
  const run = async (signal: AbortSignal): Promise<void> => void (await expireHolds(sales, EXPIRE_BATCH, signal));
  return startLoop({ name: 'hold expirer', everyMs: EXPIRE_EVERY_MS, run, onError });
}
