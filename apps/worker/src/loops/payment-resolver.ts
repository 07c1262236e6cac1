import { MINUTE_MS, SECOND_MS } from '@onsale/kernel';
import { startLoop, type Loop } from '@onsale/runtime';
import { RESOLVE_BATCH, resolveUnknown, type SalesContext } from '@onsale/sales';

/**
 * Asks the provider about every payment whose answer is out, until there is one (B5): what a crash or a silence interrupted is carried to
 * its end here. When to look is in each attempt's row; claims are leased, so two workers share the work.
 */
export const RESOLVE_EVERY_MS = SECOND_MS / 2;
const BATCHES_A_RUN_MAX = 20;
/** A provider that lets every question run out is no reason to call this process unready. */
const STALE_AFTER_MS = 2 * MINUTE_MS;

export type PaymentResolverOptions = { readonly sales: SalesContext; readonly onError: (error: unknown, name: string) => void };

export function startPaymentResolver({ sales, onError }: PaymentResolverOptions): Loop {
  const run = async (signal: AbortSignal): Promise<void> => {
    for (let batch = 0; batch < BATCHES_A_RUN_MAX && !signal.aborted; batch += 1) if ((await resolveUnknown(sales)) < RESOLVE_BATCH) return;
  };
  return startLoop({ name: 'payment resolver', everyMs: RESOLVE_EVERY_MS, staleAfterMs: STALE_AFTER_MS, run, onError });
}
