/** What a provider says about one payment, reduced to what our rules read. Amounts are integer minor units. */
export type ProviderStatus = (typeof PROVIDER_STATUSES)[number];
export const PROVIDER_STATUSES = [
  'READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT', 'DONE', 'CANCELED', 'PARTIAL_CANCELED', 'ABORTED', 'EXPIRED',
] as const;

export type ProviderCancel = { readonly transactionKey: string; readonly amount: number; readonly status: string };

export type ProviderPayment = {
  readonly paymentKey: string;
  readonly orderId: string;
  readonly status: ProviderStatus;
  readonly totalAmount: number;
  /** What has not been given back yet. */
  readonly balanceAmount: number;
  readonly currency: string;
  readonly method: string | null;
  /** ISO-8601 with the provider's own offset. */
  readonly approvedAt: string | null;
  readonly lastTransactionKey: string | null;
  /** Proof of a deposit callback; may be null on a look-up, so it is kept from the confirm. */
  readonly secret: string | null;
  readonly receiptUrl: string | null;
  readonly cancels: readonly ProviderCancel[];
};

/**
 * The three things that can come back from a call. A client never throws for any of them.
 * `silence`: no usable answer; `sent` is false only when the request certainly never left (the connection was not made).
 */
export type ProviderAnswer<Body> =
  | { readonly kind: 'answer'; readonly value: Body; readonly trace: string | null }
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly message: string; readonly trace: string | null }
  | { readonly kind: 'silence'; readonly why: SilenceCause; readonly sent: boolean };

export type SilenceCause = 'no-connection' | 'timeout' | 'reset' | 'garbled' | 'too-large';
