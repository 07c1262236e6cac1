import { IDLE_LOOKS_MAX } from '@onsale/booking';
import { SECOND_MS } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { endIdleSessions, type SalesContext } from '@onsale/sales';

/** Ends entry sessions that hold nothing for too long: their slots go to the next fans. Two workers share the rows, each locks its own. */
export const END_IDLE_EVERY_MS = SECOND_MS;
const ROUNDS_A_RUN_MAX = 50;

export type IdleEnderOptions = { readonly sales: SalesContext; readonly onError: (error: unknown, name: string) => void };

export function startIdleEnder({ sales, onError }: IdleEnderOptions): Loop {
  const run = async (signal: AbortSignal): Promise<void> => {
    for (let round = 0; round < ROUNDS_A_RUN_MAX && !signal.aborted; round += 1) if ((await endIdleSessions(sales)) < IDLE_LOOKS_MAX) return;
  };
  return startLoop({ name: 'idle ender', everyMs: END_IDLE_EVERY_MS, run, onError });
}
