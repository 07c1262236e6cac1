import { seededRandom, type Random } from '@onsale/kernel';
import type { TossErrorCode } from './error-codes.ts';

/**
 * What can go wrong with a call, on purpose.
 *
 *   before the work: reset-before, timeout-before (nothing happened)      slow (delayMs, then normal; a twin meets 409)
 *   instead of it:   error (code, stored under the idempotency key as Toss stores errors)
 *   after the work:  timeout-after, reset-after, error-after (it happened; the answer is lost or wrong; the true one is stored)
 */
export const FAULT_KINDS = ['reset-before', 'timeout-before', 'slow', 'error', 'timeout-after', 'reset-after', 'error-after'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
export const FAULT_CALLS = ['confirm', 'cancel', 'look-up', 'transactions', 'any'] as const;
export type FaultCall = (typeof FAULT_CALLS)[number];
export type CallName = Exclude<FaultCall, 'any'>;

export type Fault = {
  readonly call: FaultCall;
  readonly kind: FaultKind;
  /** How often it strikes before it is used up; absent: for ever. */
  readonly times?: number;
  /** Chance that it strikes a call it fits; absent: always. */
  readonly rate?: number;
  /** Only calls about this order. */
  readonly orderId?: string;
  readonly delayMs?: number;
  readonly code?: TossErrorCode;
};

export const FAULTS_MAX = 1_000;
export const DELAY_MAX_MS = 120_000;

export type FaultPlan = {
  /** Replaces the plan. The same seed and the same calls give the same faults. */
  readonly plan: (faults: readonly Fault[], seed: string) => void;
  readonly clear: () => void;
  /** The fault that strikes this call, used up by one; undefined for none. */
  readonly take: (call: CallName, orderId: string | null) => Fault | undefined;
  readonly describe: () => { readonly seed: string; readonly struck: number; readonly left: readonly Fault[] };
};

type Armed = { readonly fault: Fault; left: number };

export function createFaultPlan(): FaultPlan {
  let armed: Armed[] = [];
  let seed = '';
  let random: Random = seededRandom(seed);
  let struck = 0;
  return {
    plan: (faults, newSeed) => {
      armed = faults.slice(0, FAULTS_MAX).map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
      seed = newSeed;
      random = seededRandom(newSeed);
      struck = 0;
    },
    clear: () => {
      armed = [];
    },
    take: (call, orderId) => {
      for (const entry of armed) {
        const { fault } = entry;
        const fits = (fault.call === 'any' || fault.call === call) && (fault.orderId === undefined || fault.orderId === orderId);
        if (!fits || (fault.rate !== undefined && random() >= fault.rate)) continue;
        entry.left -= 1;
        if (entry.left <= 0) armed = armed.filter((other) => other !== entry);
        struck += 1;
        return fault;
      }
      return undefined;
    },
    describe: () => ({
      seed,
      struck,
      left: armed.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault)),
    }),
  };
}
