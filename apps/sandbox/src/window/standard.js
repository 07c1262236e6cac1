/*
 * The browser half of the sandbox's Toss Payments, in the shape of https://js.tosspayments.com/v2/standard: an application
 * switches by changing the address of the script and nothing else. It checks what the real one checks and goes, in the
 * same tab, to the sandbox's payment window; the window comes back to successUrl or failUrl.
 */
(() => {
  'use strict';
  const origin = new URL(document.currentScript.src).origin;
  const ORDER_ID = /^[A-Za-z0-9_=-]{6,64}$/;
  const CUSTOMER_KEY = /^[A-Za-z0-9\-_=.@]{2,50}$/;
  const ANONYMOUS = '@@ANONYMOUS';

  class TossPaymentsError extends Error {
    constructor(code, message) {
      super(message);
      this.name = 'TossPaymentsError';
      this.code = code;
    }
  }
  const invalid = (what) => new TossPaymentsError('INVALID_PARAMETERS', `not valid: ${what}`);
  const isPage = (text) => typeof text === 'string' && /^https?:\/\//.test(text);

  async function requestPayment(clientKey, customerKey, request) {
    const { method, amount, orderId, orderName, successUrl, failUrl, metadata, taxFreeAmount } = request ?? {};
    if (method !== 'CARD') throw new TossPaymentsError('NOT_SUPPORTED_METHOD', 'the sandbox simulates CARD only');
    if (typeof amount?.currency !== 'string' || !Number.isFinite(amount?.value)) throw invalid('amount');
    if (amount.value <= 0) throw new TossPaymentsError('BELOW_ZERO_AMOUNT', 'the amount must be above 0');
    if (!ORDER_ID.test(orderId ?? '')) throw invalid('orderId');
    if (typeof orderName !== 'string' || orderName.length < 1 || orderName.length > 100) throw invalid('orderName');
    if (!isPage(successUrl)) throw invalid('successUrl');
    if (!isPage(failUrl)) throw invalid('failUrl');
    const query = new URLSearchParams(
      { clientKey, customerKey, currency: amount.currency, value: String(amount.value), orderId, orderName, successUrl, failUrl },
    );
    if (metadata !== undefined) query.set('metadata', JSON.stringify(metadata));
    if (taxFreeAmount !== undefined) query.set('taxFreeAmount', String(taxFreeAmount));
    if (document.documentElement.lang) query.set('lang', document.documentElement.lang.slice(0, 2));
    window.location.assign(`${origin}/window?${query}`);
    // The page is being left: like the real redirect mode this never settles.
    return new Promise(() => {});
  }

  function TossPayments(clientKey) {
    if (typeof clientKey !== 'string' || !/^(test|live)_g?ck_/.test(clientKey)) throw new TossPaymentsError('INVALID_CLIENT_KEY', 'that is not a client key');
    return {
      payment({ customerKey } = {}) {
        if (customerKey !== ANONYMOUS && !CUSTOMER_KEY.test(customerKey ?? '')) throw new TossPaymentsError(
          'INVALID_CUSTOMER_KEY', 'customerKey has 2 to 50 of A-Z a-z 0-9 - _ = . @',
        );
        return {
          requestPayment: (request) => requestPayment(clientKey, customerKey, request),
          requestBillingAuth: async () => {
            throw new TossPaymentsError('NOT_SUPPORTED_METHOD', 'the sandbox does not simulate billing');
          },
        };
      },
      widgets() {
        throw new TossPaymentsError('NOT_SUPPORTED_METHOD', 'the sandbox simulates the payment window, not the widget');
      },
    };
  }
  TossPayments.ANONYMOUS = ANONYMOUS;
  window.TossPayments = TossPayments;
})();
