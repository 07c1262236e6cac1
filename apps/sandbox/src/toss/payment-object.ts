import { seoulTime } from './clock.ts';
import type { Payment } from './payment.ts';

/** Value-added tax is a tenth on top: an eleventh of what is not tax free, rounded. */
export const vatOf = (amount: number, taxFree: number): number => Math.round((amount - taxFree) / 11);

/** Toss' Payment object. What does not apply is null, never left out. */
export function paymentObject(payment: Payment, baseUrl: string): Record<string, unknown> {
  const captured = payment.approvedAt !== null;
  const vat = vatOf(payment.balanceAmount, payment.taxFreeAmount);
  return {
    mId: payment.mid,
    lastTransactionKey: payment.lastTransactionKey,
    paymentKey: payment.paymentKey,
    orderId: payment.orderId,
    orderName: payment.orderName,
    taxExemptionAmount: 0,
    status: payment.status,
    requestedAt: seoulTime(payment.requestedAt),
    approvedAt: payment.approvedAt === null ? null : seoulTime(payment.approvedAt),
    useEscrow: false,
    cultureExpense: false,
    card: captured ? cardObject(payment) : null,
    virtualAccount: null,
    transfer: null,
    mobilePhone: null,
    giftCertificate: null,
    cashReceipt: null,
    cashReceipts: null,
    discount: null,
    cancels: payment.cancels.length === 0 ? null : payment.cancels.map(cancelObject),
    secret: payment.secret,
    type: 'NORMAL',
    easyPay: null,
    country: 'KR',
    failure: payment.failure,
    isPartialCancelable: true,
    receipt: captured ? { url: `${baseUrl}/receipts/${payment.paymentKey}` } : null,
    checkout: { url: `${baseUrl}/window/${payment.paymentKey}` },
    currency: payment.currency,
    totalAmount: payment.totalAmount,
    balanceAmount: payment.balanceAmount,
    suppliedAmount: payment.balanceAmount - payment.taxFreeAmount - vat,
    vat,
    taxFreeAmount: payment.taxFreeAmount,
    method: captured ? '카드' : null,
    version: payment.version,
    metadata: payment.metadata,
  };
}

const cardObject = (payment: Payment): Record<string, unknown> => ({
  issuerCode: '61',
  acquirerCode: '31',
  number: '43301234****123*',
  installmentPlanMonths: 0,
  isInterestFree: false,
  interestPayer: null,
  approveNo: '00000000',
  useCardPoint: false,
  cardType: '신용',
  ownerType: '개인',
  acquireStatus: 'READY',
  amount: payment.totalAmount,
});

const cancelObject = (cancel: Payment['cancels'][number]): Record<string, unknown> => ({
  transactionKey: cancel.transactionKey,
  cancelReason: cancel.reason,
  taxExemptionAmount: 0,
  canceledAt: seoulTime(cancel.at),
  cardDiscountAmount: 0,
  transferDiscountAmount: 0,
  easyPayDiscountAmount: 0,
  receiptKey: null,
  cancelAmount: cancel.amount,
  taxFreeAmount: cancel.taxFreeAmount,
  refundableAmount: cancel.refundableAmount,
  cancelStatus: 'DONE',
  cancelRequestId: null,
});
