import { basic, seen, type Rule } from './conformance.ts';

const PAYMENT_FIELDS = [
  'mId', 'lastTransactionKey', 'paymentKey', 'orderId', 'orderName', 'taxExemptionAmount', 'status', 'requestedAt', 'approvedAt', 'useEscrow', 'cultureExpense',
  'card', 'virtualAccount', 'transfer', 'mobilePhone', 'giftCertificate', 'cashReceipt', 'cashReceipts', 'discount', 'cancels', 'secret', 'type', 'easyPay',
  'country', 'failure', 'isPartialCancelable', 'receipt', 'checkout', 'currency', 'totalAmount', 'balanceAmount', 'suppliedAmount', 'vat', 'taxFreeAmount',
  'method', 'version', 'metadata',
];

export const confirmRules: readonly Rule[] = [
  {
    id: 'confirm-done', source: 'docs', rule: 'confirm within 10 minutes captures: DONE, approvedAt in Korean time, method in Korean, tax an eleventh',
    see: async (toss, check) => {
      const payment = await toss.approved(15_000);
      const { status, body } = await toss.confirm(payment);
      check('status', [status, body['status'], body['method'], body['totalAmount'], body['balanceAmount']], [200, 'DONE', '카드', 15_000, 15_000]);
      check('tax', [body['vat'], body['suppliedAmount'], body['taxFreeAmount']], [1_364, 13_636, 0]);
      check('time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00$/.test(String(body['approvedAt'])), true);
      check('mId', String(body['mId']).length <= 14, true);
      check('key', String(body['paymentKey']).length <= 200 && String(body['lastTransactionKey']).length <= 64, true);
    },
  },
  {
    id: 'nulls-present', source: 'docs', rule: 'what does not apply to a payment is null in its object, never left out',
    see: async (toss, check) => {
      const payment = await toss.approved();
      const before = (await toss.byOrder(payment.orderId)).body;
      for (const field of PAYMENT_FIELDS) check(`before: ${field}`, field in before, true);
      check(
        'unconfirmed', [before['status'], before['approvedAt'], before['card'], before['cancels'], before['method']],
        ['IN_PROGRESS', null, null, null, null],
      );
      const after = (await toss.confirm(payment)).body;
      check('same fields', Object.keys(after).sort(), [...PAYMENT_FIELDS].sort());
      check('other methods', [after['virtualAccount'], after['transfer'], after['easyPay'], after['failure']], [null, null, null, null]);
    },
  },
  {
    id: 'confirm-twice', source: 'docs', rule: 'a second confirm is 400 ALREADY_PROCESSED_PAYMENT and captures nothing more',
    see: async (toss, check) => {
      const payment = await toss.approved();
      await toss.confirm(payment);
      check('again', seen(await toss.confirm(payment)), '400 ALREADY_PROCESSED_PAYMENT');
      check('still', (await toss.byOrder(payment.orderId)).body['balanceAmount'], payment.amount);
    },
  },
  {
    id: 'confirm-order-paid', source: 'docs', rule: 'an order id that has been paid is refused for another payment: 400 DUPLICATED_ORDER_ID',
    see: async (toss, check) => {
      const first = await toss.approved();
      const second = await toss.approved(15_000, 'approve', first.orderId);
      await toss.confirm(first);
      check('other payment of the order', seen(await toss.confirm(second)), '400 DUPLICATED_ORDER_ID');
    },
  },
  {
    id: 'confirm-unknown-key', source: 'docs', rule: 'an unknown paymentKey is 404 NOT_FOUND_PAYMENT, for another merchant too',
    see: async (toss, check) => {
      check('unknown', seen(await toss.confirm({ paymentKey: 'tgen_nothing', orderId: 'order-123456', amount: 100 })), '404 NOT_FOUND_PAYMENT');
      check('look-up', seen(await toss.byOrder('order-that-is-not-there')), '404 NOT_FOUND_PAYMENT');
    },
  },
  {
    id: 'confirm-other-amount', source: 'assumed', rule: 'an amount or order id other than the window’s is refused and the payment stays IN_PROGRESS',
    see: async (toss, check) => {
      const payment = await toss.approved(15_000);
      check('amount', seen(await toss.confirm({ ...payment, amount: 1_000 })), '400 INVALID_REQUEST');
      check('order', seen(await toss.confirm({ ...payment, orderId: 'some-other-order' })), '400 INVALID_REQUEST');
      check('right', seen(await toss.confirm(payment)), '200 DONE');
    },
  },
  {
    id: 'confirm-shape', source: 'docs', rule: 'paymentKey at most 200, orderId 6 to 64 of [A-Za-z0-9_-], amount a number: else 400 INVALID_REQUEST',
    see: async (toss, check) => {
      const good = { paymentKey: 'k', orderId: 'order-1', amount: 100 };
      for (const bad of [
        {}, [], 'text', { ...good, paymentKey: 'k'.repeat(201) }, { ...good, orderId: 'short' }, { ...good, orderId: 'ü'.repeat(8) },
        { ...good, amount: '100' }, { ...good, amount: null },
      ]) {
        check(JSON.stringify(bad).slice(0, 60), seen(await toss.confirm(bad as object)), '400 INVALID_REQUEST');
      }
      check('broken JSON', seen(await toss.call('POST', '/v1/payments/confirm', { body: '{"paymentKey":' })), '400 INVALID_REQUEST');
    },
  },
  {
    id: 'minimum', source: 'docs', rule: 'cards take 100 won or more: 400 BELOW_MINIMUM_AMOUNT',
    see: async (toss, check) => check('99 won', seen(await toss.confirm(await toss.approved(99))), '400 BELOW_MINIMUM_AMOUNT'),
  },
  {
    id: 'refused-card', source: 'docs', rule: 'a refused card is 403 REJECT_CARD_PAYMENT, the payment ABORTED; it cannot be confirmed any more',
    see: async (toss, check) => {
      const payment = await toss.approved(15_000, 'REJECT_CARD_PAYMENT');
      check('refused', seen(await toss.confirm(payment)), '403 REJECT_CARD_PAYMENT');
      const after = (await toss.byOrder(payment.orderId)).body;
      check('state', [after['status'], (after['failure'] as { code: string }).code], ['ABORTED', 'REJECT_CARD_PAYMENT']);
      check('again', seen(await toss.confirm(payment)), '404 NOT_FOUND_PAYMENT_SESSION');
    },
  },
  {
    id: 'auth-colon', source: 'docs', rule: 'Basic needs the colon after the key: malformed is 403 INCORRECT_BASIC_AUTH_FORMAT',
    see: async (toss, check) => {
      for (const auth of [basic(toss.secretKey), `Basic ${toss.secretKey}:`, 'Bearer x', `Basic \u{feff}`.trim(), basic(':')]) {
        check(auth.slice(0, 12), seen(await toss.call('GET', '/v1/payments/x', { auth })), '403 INCORRECT_BASIC_AUTH_FORMAT');
      }
    },
  },
  {
    id: 'auth-unknown', source: 'docs', rule: 'an unknown secret key is 401 UNAUTHORIZED_KEY',
    see: async (toss, check) => {
      check('unknown', seen(await toss.call('GET', '/v1/payments/x', { auth: basic('test_sk_nobody:') })), '401 UNAUTHORIZED_KEY');
      check('none', seen(await toss.call('GET', '/v1/payments/x', { auth: null })), '401 UNAUTHORIZED_KEY');
    },
  },
  {
    id: 'auth-kind', source: 'docs', rule: 'a client key in place of the secret, or a key of the other kind of the pair, is 400 INVALID_API_KEY',
    see: async (toss, check) => check(
      'client key', seen(await toss.call('GET', '/v1/payments/x', { auth: basic(`${toss.clientKey}:`) })), '400 INVALID_API_KEY',
    ),
  },
  {
    id: 'auth-browser', source: 'docs', rule: 'a secret key used from a browser is 403 INSECURE_KEY_USAGE',
    see: async (toss, check) =>
      check('origin', seen(await toss.call('GET', '/v1/payments/x', { headers: { origin: 'https://shop.example' } })), '403 INSECURE_KEY_USAGE'),
  },
  {
    id: 'test-code', source: 'docs', rule: 'TossPayments-Test-Code forces its error before paymentKey is looked at',
    see: async (toss, check) => {
      const reply = await toss.confirm(
        { paymentKey: 'nothing', orderId: 'order-1', amount: 100 }, { headers: { 'tosspayments-test-code': 'INVALID_CARD_EXPIRATION' } },
      );
      check('forced', seen(reply), '400 INVALID_CARD_EXPIRATION');
    },
  },
  {
    id: 'language', source: 'docs', rule: 'messages are Korean, English with Accept-Language: en-US; every answer has a trace id',
    see: async (toss, check) => {
      const korean = await toss.byOrder('order-that-is-not-there');
      const english = await toss.call('GET', '/v1/payments/orders/order-that-is-not-there', { headers: { 'accept-language': 'en-US' } });
      check('Korean', /[가-힣]/.test(String(korean.body['message'])), true);
      check('English', /[가-힣]/.test(String(english.body['message'])), false);
      check('trace', typeof english.headers['x-tosspayments-trace-id'], 'string');
    },
  },
  {
    id: 'test-limit', source: 'docs', rule: 'the test environment allows about 100 requests a minute for each API, then 429', lever: true,
    see: async (toss, check) => {
      await toss.lever('limits', { perMinute: 3 });
      const statuses: number[] = [];
      for (let n = 0; n < 5; n += 1) statuses.push((await toss.byOrder('order-that-is-not-there')).status);
      await toss.lever('limits', { perMinute: null });
      check('429 after the limit', statuses.includes(429), true);
      check('off again', (await toss.byOrder('order-that-is-not-there')).status, 404);
    },
  },
];
