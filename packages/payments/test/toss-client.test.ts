import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { createTossClient, tellCall, type PaymentProvider, type TossCall, type TossClientOptions } from '../src/index.ts';

const payment = {
  paymentKey: 'k', orderId: 'order-1', status: 'DONE', totalAmount: 100, balanceAmount: 100, currency: 'KRW', method: '카드', approvedAt: null,
  cancels: null, secret: null,
};
type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string };

/** A server that answers as told: what the client makes of answers that Toss itself would never give. */
async function server(test: Pick<typeof t, 'teardown'>, answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const seen: Seen[] = [];
  const http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(response, request);
    });
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  test.teardown(() => { http.closeAllConnections(); http.close(); });
  return { seen, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}
function client(test: Pick<typeof t, 'teardown'>, baseUrl: string, onCall?: (call: TossCall) => void, more: Partial<TossClientOptions> = {}): PaymentProvider {
  const toss = createTossClient(
    { baseUrl, secretKey: 'test_sk_secret', timeouts: { connectMs: 500, confirmMs: 300, queryMs: 300 }, ...(onCall === undefined ? {} : { onCall }), ...more },
  );
  test.teardown(() => toss.close());
  return toss;
}
const json = (status: number, body: unknown) => (response: ServerResponse): void => void response.writeHead(
  status, { 'content-type': 'application/json', 'x-tosspayments-trace-id': 'trace-1' },
).end(JSON.stringify(body));
const confirm = { paymentKey: 'k', providerOrderId: 'order-1', amount: 100, idempotencyKey: 'confirm:order-1:1' };

t.test('requests', async (t) => {
  const { seen, url } = await server(t, json(200, payment));
  const calls: TossCall[] = [];
  const toss = client(t, url, (call) => calls.push(call));
  t.match(await toss.confirm(confirm), { kind: 'answer', trace: 'trace-1', value: { status: 'DONE', totalAmount: 100, cancels: [] } });
  await toss.paymentByOrderId('order-1');
  await toss.paymentByKey('k/../x');
  await toss.cancel({ paymentKey: 'k', amount: 40, reason: '취소', refundableAmount: 100, idempotencyKey: 'refund:1' });
  t.same(
    seen.map(({ method, url }) => `${method} ${url}`),
    ['POST /v1/payments/confirm', 'GET /v1/payments/orders/order-1', 'GET /v1/payments/k%2F..%2Fx', 'POST /v1/payments/k/cancel'],
  );
  t.equal(seen[0]?.headers.authorization, `Basic ${Buffer.from('test_sk_secret:').toString('base64')}`, 'the colon is there');
  t.equal(seen[0]?.headers['idempotency-key'], 'confirm:order-1:1');
  t.same(JSON.parse(seen[0]?.body ?? ''), { paymentKey: 'k', orderId: 'order-1', amount: 100 });
  t.same(JSON.parse(seen[3]?.body ?? ''), { cancelReason: '취소', cancelAmount: 40, refundableAmount: 100 });
  t.equal(seen[1]?.headers['idempotency-key'], undefined, 'keys are for POST');
  t.same(calls.map(({ call, outcome }) => `${call} ${outcome}`), ['confirm ok', 'look-up ok', 'look-up ok', 'cancel ok']);
  t.notMatch(JSON.stringify(calls), /test_sk|refund:1|confirm:order/, 'no key is told to metrics');
});

const answers: [string, (response: ServerResponse, request: IncomingMessage) => void, object][] = [
  ['an error code', json(400, { code: 'PROVIDER_ERROR', message: '…' }), { kind: 'error', status: 400, code: 'PROVIDER_ERROR' }],
  ['a code that is none', json(400, { code: '카드 오류', message: '…' }), { kind: 'error', status: 400, code: 'UNKNOWN' }],
  ['a proxy’s page', (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>'), { kind: 'silence', why: 'garbled' }],
  ['200 without a payment', json(200, { hello: 1 }), { kind: 'silence', why: 'garbled' }],
  ['an unknown status', json(200, { ...payment, status: 'MAYBE' }), { kind: 'silence', why: 'garbled' }],
  ['an amount as text', json(200, { ...payment, totalAmount: '100' }), { kind: 'silence', why: 'garbled' }],
  ['a redirect', (response) => response.writeHead(302, { location: 'http://elsewhere.test/' }).end(), { kind: 'silence', why: 'garbled' }],
  [
    'half a body',
    (response) => { response.writeHead(200, { 'content-length': '500' }); response.write('{"pay'); setTimeout(() => response.destroy(), 20); },
    { kind: 'silence', sent: true },
  ],
  ['a reset', (_response, request) => request.socket.resetAndDestroy(), { kind: 'silence', why: 'reset', sent: true }],
  ['no answer at all', () => undefined, { kind: 'silence', why: 'timeout', sent: true }],
  ['a body that never ends', (response) => { response.writeHead(200); response.write('{'); }, { kind: 'silence', why: 'timeout', sent: true }],
  ['too much', (response) => response.writeHead(200).end(`"${'x'.repeat(300_000)}"`), { kind: 'silence', why: 'too-large' }],
];
t.test('answers are values, whatever comes', async (t) => {
  for (const [name, answer, wanted] of answers) {
    await t.test(name, async (t) => {
      const { url } = await server(t, answer);
      t.match(await client(t, url).confirm(confirm), wanted);
    });
  }
  const { url } = await server(t, json(200, payment));
  const { port } = new URL(url);
  const gone = client(t, `http://127.0.0.1:${Number(port) === 9 ? 10 : 9}`);
  t.match(await gone.confirm(confirm), { kind: 'silence', why: 'no-connection', sent: false }, 'nobody listens');
  t.notMatch(JSON.stringify(await gone.paymentByKey('k')), /test_sk/);
});

t.test('calls are written down with their trace, what went wrong so that it is seen', (t) => {
  const lines: [string, object][] = [];
  const tell = tellCall({ debug: (about) => lines.push(['debug', about]), warn: (about) => lines.push(['warn', about]) });
  tell({ call: 'confirm', outcome: 'ok', trace: 'abc', tookMs: 12.6 });
  tell({ call: 'cancel', outcome: 'timeout', trace: null, tookMs: 30_000 });
  t.same(lines, [
    ['debug', { call: 'confirm', outcome: 'ok', trace: 'abc', tookMs: 13 }],
    ['warn', { call: 'cancel', outcome: 'timeout', trace: null, tookMs: 30_000 }],
  ]);
  t.end();
});

t.test('a call that waits for a socket keeps all of its time', async (t) => {
  const { url, seen } = await server(t, (response) => void setTimeout(() => json(200, payment)(response), 400));
  // Timed from the asking, the fourth pair would be given up at 1,000 ms and answered at 1,600.
  const toss = client(t, url, undefined, { connections: 2, timeouts: { confirmMs: 1_000, dispatchMs: 10_000 } });
  const answers = await Promise.all(Array.from({ length: 8 }, () => toss.confirm(confirm)));
  t.same(answers.map(({ kind }) => kind), Array(8).fill('answer'));
  t.equal(seen.length, 8);
});

t.test('a call that finds no socket in time was not sent, and says so', async (t) => {
  const heard = Promise.withResolvers<void>();
  const { url, seen } = await server(t, () => heard.resolve());
  const toss = client(t, url, undefined, { connections: 1, timeouts: { confirmMs: 6_000, dispatchMs: 2_000 } });
  const first = toss.confirm(confirm);
  await heard.promise;
  t.match(await toss.confirm(confirm), { kind: 'silence', why: 'no-connection', sent: false });
  t.match(await first, { kind: 'silence', why: 'timeout', sent: true });
  t.equal(seen.length, 1);
});

t.test('by default 256 calls are under way at once, however long each takes', async (t) => {
  let most = 0;
  const waiting: ServerResponse[] = [];
  const { url } = await server(t, (response) => {
    most = Math.max(most, waiting.push(response));
    if (waiting.length === 256) for (const held of waiting.splice(0)) json(200, payment)(held);
  });
  const toss = client(t, url, undefined, { timeouts: { confirmMs: 20_000, dispatchMs: 20_000, connectMs: 20_000 } });
  const answers = await Promise.all(Array.from({ length: 256 }, () => toss.confirm(confirm)));
  t.ok(answers.every(({ kind }) => kind === 'answer'));
  t.equal(most, 256, 'none waited for another to end');
});

t.test('transactions', async (t) => {
  const row = {
    transactionKey: 't', paymentKey: 'k', orderId: 'order-1', status: 'DONE', amount: -100, currency: 'KRW',
    transactionAt: '2026-01-01T00:00:00+09:00', extra: 1,
  };
  const { url, seen } = await server(t, json(200, [row]));
  const { extra: _, ...wanted } = row;
  t.same(
    await client(t, url).transactions({ startDate: 'a', endDate: 'b', limit: 10, startingAfter: 'x' }),
    { kind: 'answer', value: [wanted], trace: 'trace-1' },
  );
  t.equal(seen[0]?.url, '/v1/transactions?startDate=a&endDate=b&limit=10&startingAfter=x');
});
