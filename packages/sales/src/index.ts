/** Sales: sagas over booking and payments, one file each. See README.md. */
export { abandonPayment } from './abandon-payment.ts';
export { cancelUnpaidOrder } from './cancel-unpaid-order.ts';
export { changeBuyer } from './change-buyer.ts';
export { confirmPayment, type Confirmed, type ConfirmRequest } from './confirm-payment.ts';
export { confirmReturn, type PaymentReturn } from './confirm-return.ts';
export type { SalesContext, SalesRefusal } from './context.ts';
export { endIdleSessions } from './end-idle-sessions.ts';
export { EXPIRE_BATCH, expireHolds } from './expire.ts';
export { addRefundRow } from './give-back.ts';
export { openPayment, type OpenedPayment, type Opening } from './open-payment.ts';
export { judgeOrderKey, opensOrder } from './order-key.ts';
export { placeOrder, type OrderRequest, type PlacedOrder } from './place-order.ts';
export { findMoneyViolations, findMoneyViolationsFrom, MONEY_START, moneyGauges, type MoneyCursor, type MoneyViolation } from './reconcile-money.ts';
export { refundPayment, type RefundOutcome } from './refund-payment.ts';
export { releaseHold } from './release-hold.ts';
export { RESOLVE_BATCH, resolveUnknown } from './resolve-unknown.ts';
export { type Standing } from './standing.ts';
export {
  createTicketSigner, createTicketVerifier, ticketPublicKey, type CredentialRefusal, type TicketFacts, type TicketSigner, type TicketVerifier,
} from './ticket-credential.ts';
export { ticketViews, type TicketView } from './ticket-view.ts';
export { createBellBook, type BellAnswer } from './webhook.ts';
