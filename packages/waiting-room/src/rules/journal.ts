import type { Place } from '@onsale/kernel';
import type { EndKind, LimitReason, Phase } from './words.ts';

/** `clock`: room clock, ms. `id`: the stream's own. Enough to check W1–W4 and W6 afterwards (README, "Journal"). */
export type JournalEntry = { readonly id: string; readonly clock: number } & (
  | {
    readonly kind: 'call'; readonly n: number; readonly rate: number | null; readonly capacity: number | null;
    /** Slots in use before this call. */
    readonly slotsBefore: number;
    /** Calls in the minute up to this one, itself included. */
    readonly inWindow: number;
    readonly firstCallNo: number;
    /** Called places and their orders, in the order of the call. */
    readonly places: readonly Place[];
    readonly orders: readonly number[];
    /** Lowest order in line afterwards; null: the line was empty. */
    readonly lowestLeft: number | null;
    readonly reason: LimitReason;
  }
  | { readonly kind: 'enter'; readonly place: Place; readonly callNo: number }
  | { readonly kind: 'redeem'; readonly place: Place; readonly callNo: number; readonly slotsAfter: number; readonly forgotten: boolean }
  | { readonly kind: 'adopt'; readonly place: Place; readonly callNo: number; readonly slotsAfter: number }
  | { readonly kind: 'end'; readonly end: EndKind; readonly by: string; readonly places: readonly Place[] }
  | { readonly kind: 'miss'; readonly places: readonly Place[] }
  | { readonly kind: 'restore'; readonly place: Place; readonly order: number }
  | { readonly kind: 'readopt'; readonly incarnation: number; readonly issuedBefore: number; readonly issuedAfter: number; readonly phantomCalls: number }
  | {
    readonly kind: 'settings'; readonly version: number; readonly phase: Phase; readonly rate: number | null; readonly capacity: number | null;
    readonly epoch: number;
  }
  | { readonly kind: 'open' }
);
