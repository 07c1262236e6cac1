import { createBells, type Bells, type BellSettings } from './bells.ts';
import type { SandboxClock } from './clock.ts';
import { createFaultPlan, type FaultPlan } from './faults.ts';
import { createIdempotencyStore, type IdempotencyStore } from './idempotency.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createMerchants, type Merchant, type Merchants } from './merchants.ts';
import { paymentObject } from './payment-object.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';

/** One Toss, whole: what the routes share. */
export type TossWorld = {
  readonly clock: SandboxClock;
  readonly merchants: Merchants;
  readonly ledger: Ledger;
  readonly idempotency: IdempotencyStore;
  readonly faults: FaultPlan;
  readonly bells: Bells;
  readonly rateLimit: RateLimit;
  /** The sandbox's own address for links it hands out; known once it listens. */
  baseUrl: string;
};

export type TossWorldOptions = {
  readonly clock: SandboxClock;
  readonly merchants: readonly Merchant[];
  readonly bells?: BellSettings;
};

export function createTossWorld({ clock, merchants, bells: settings }: TossWorldOptions): TossWorld {
  const bells = createBells(clock, settings);
  const world: TossWorld = {
    clock,
    merchants: createMerchants(merchants),
    ledger: createLedger(clock, (payment) => bells.ring(paymentObject(payment, world.baseUrl))),
    idempotency: createIdempotencyStore(clock),
    faults: createFaultPlan(),
    bells,
    rateLimit: createRateLimit(clock),
    baseUrl: '',
  };
  return world;
}
