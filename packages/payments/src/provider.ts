import type { ProviderAnswer, ProviderPayment } from './rules/index.ts';

export type ConfirmRequest = {
  readonly paymentKey: string;
  readonly providerOrderId: string;
  readonly amount: number;
  /** One per attempt and number of asking: `confirm:{provider order id}:{k}`. Never per buyer: the provider does not compare bodies. */
  readonly idempotencyKey: string;
};

export type CancelRequest = {
  readonly paymentKey: string;
  readonly amount: number;
  readonly reason: string;
  /** The balance we believe in; the provider refuses when it differs, so two refunds cannot add up by accident. */
  readonly refundableAmount: number;
  readonly idempotencyKey: string;
};

export type TransactionsQuery = {
  /** Local time of the provider, `yyyy-MM-ddTHH:mm:ss`, both ends included. */
  readonly startDate: string;
  readonly endDate: string;
  readonly startingAfter?: string;
  readonly limit: number;
};

export type ProviderTransaction = {
  readonly transactionKey: string;
  readonly paymentKey: string;
  readonly orderId: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly transactionAt: string;
};

/**
 * The port to a payment provider. Every method resolves to an answer, an error code or silence; none throws for
 * anything a provider or a network can do, and none is called inside a database transaction.
 */
export type PaymentProvider = {
  readonly confirm: (request: ConfirmRequest) => Promise<ProviderAnswer<ProviderPayment>>;
  readonly paymentByOrderId: (providerOrderId: string) => Promise<ProviderAnswer<ProviderPayment>>;
  readonly paymentByKey: (paymentKey: string) => Promise<ProviderAnswer<ProviderPayment>>;
  readonly cancel: (request: CancelRequest) => Promise<ProviderAnswer<ProviderPayment>>;
  readonly transactions: (query: TransactionsQuery) => Promise<ProviderAnswer<readonly ProviderTransaction[]>>;
  readonly close: () => Promise<void>;
};
