import type { KeyObject } from 'node:crypto';
import type { CommandRefusal, EntrySessions, HoldEngine, ShowBooks } from '@onsale/booking';
import type { Database } from '@onsale/database';
import type { OpaqueId, Sleep } from '@onsale/kernel';
import type { AmountRefusal, OrderIdSigner, PaymentProvider, RefusalAdvice } from '@onsale/payments';

/** What the sagas work with; opened by an app's wire, handed to each saga. */
export type SalesContext = {
  readonly database: Database;
  readonly engine: HoldEngine;
  readonly books: ShowBooks;
  readonly sessions: Pick<EntrySessions, 'read' | 'use' | 'end'>;
  readonly provider: PaymentProvider;
  readonly orderIds: OrderIdSigner;
  /** Ids of orders and their keys come from the first; the others are being retired. */
  readonly orderKeys: readonly [KeyObject, ...KeyObject[]];
  /** 128 random bits. */
  readonly newId: () => OpaqueId;
  readonly sleep: Sleep;
  /** Told of what a saga could not do and will do later; no secrets and no personal data in it. */
  readonly onFault?: (saga: string, error: unknown) => void;
};

/** Why a saga did not do what it was asked. Those of the hold engine pass through unchanged. */
export type SalesRefusal =
  | Exclude<CommandRefusal, { readonly kind: 'alongside' }>
  | AmountRefusal
  | { readonly kind: 'no-order' }
  | { readonly kind: 'no-attempt' }
  | { readonly kind: 'order-state'; readonly state: string }
  /** The attempt was refused, abandoned or is over: open another. */
  | { readonly kind: 'attempt-over'; readonly state: string }
  | { readonly kind: 'attempts-used'; readonly max: number }
  /** The provider's payment key cannot be one. */
  | { readonly kind: 'bad-payment-key' }
  /** Nothing was charged; the seats are still held. */
  | { readonly kind: 'payment-refused'; readonly code: string; readonly advice: RefusalAdvice; readonly message: string };
