import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { request } from 'undici';
import { createBells, QUIET, RETRY_LADDER_MINUTES } from '../src/toss/bells.ts';
import { createClock, parseSeoulTime, seoulTime } from '../src/toss/clock.ts';
import { createFaultPlan, type Fault } from '../src/toss/faults.ts';
import { createIdempotencyStore } from '../src/toss/idempotency.ts';
import { createLedger } from '../src/toss/ledger.ts';
import { createMerchants, SANDBOX_MERCHANTS } from '../src/toss/merchants.ts';
import { startSandbox } from '../src/wire.ts';
import { basic, seen, Target, type Json } from './conformance.ts';

const keys = SANDBOX_MERCHANTS[0]?.keys ?? [];
const [api, widget] = keys;

async function start(t: { teardown(work: () => unknown): unknown }): Promise<Target> {
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, webhookUrl: null });
  t.teardown(() => sandbox.close());
  return new Target(sandbox.url, api?.client ?? '', api?.secret ?? '');
}

t.test('faults', async (t) => {
  const toss = await start(t);
  const arm = (fault: Fault): Promise<unknown> => toss.lever('faults', { faults: [fault] });
  const broken = async (call: Promise<unknown>): Promise<boolean> => call.then(() => false, () => true);

  for (const kind of ['reset-before', 'timeout-before'] as const) {
    const payment = await toss.approved();
    await arm({ call: 'confirm', kind, times: 1, delayMs: 50, orderId: payment.orderId });
    t.ok(await broken(toss.confirm(payment, { key: `k-${payment.orderId}` })), `${kind}: no answer`);
    t.equal((await toss.byOrder(payment.orderId)).body['status'], 'IN_PROGRESS', `${kind}: nothing captured`);
    t.equal(seen(await toss.confirm(payment, { key: `k-${payment.orderId}` })), '200 DONE', `${kind}: the key is free`);
  }
  for (const kind of ['reset-after', 'timeout-after'] as const) {
    const payment = await toss.approved();
    await arm({ call: 'confirm', kind, times: 1, delayMs: 50, orderId: payment.orderId });
    t.ok(await broken(toss.confirm(payment, { key: `k-${payment.orderId}` })), `${kind}: no answer`);
    t.equal((await toss.byOrder(payment.orderId)).body['status'], 'DONE', `${kind}: captured`);
    t.equal(seen(await toss.confirm(payment, { key: `k-${payment.orderId}` })), '200 DONE', `${kind}: the key finds it`);
  }
  const payment = await toss.approved();
  await arm({ call: 'confirm', kind: 'error-after', times: 1 });
  t.equal(seen(await toss.confirm(payment, { key: 'error-after' })), '500 FAILED_INTERNAL_SYSTEM_PROCESSING');
  t.equal(seen(await toss.confirm(payment, { key: 'error-after' })), '200 DONE', 'the true answer was stored');
  t.equal(seen(await toss.lever('faults', { faults: [{ call: 'confirm', kind: 'explode' }] })), '400 SANDBOX_BAD_REQUEST');
});

t.test('seeded faults strike the same calls again', (t) => {
  const strikes = (seed: string): string => {
    const plan = createFaultPlan();
    plan.plan([{ call: 'any', kind: 'slow', rate: 0.5 }], seed);
    return Array.from({ length: 40 }, () => (plan.take('confirm', null) === undefined ? '.' : 'x')).join('');
  };
  t.equal(strikes('a'), strikes('a'));
  t.not(strikes('a'), strikes('b'));
  t.end();
});

t.test('keys of the two kinds do not mix', async (t) => {
  const toss = await start(t);
  const payment = await toss.approved();
  t.equal(seen(await toss.confirm(payment, { auth: basic(`${widget?.secret ?? ''}:`) })), '400 INVALID_API_KEY');
  const other = SANDBOX_MERCHANTS[1]?.keys[0]?.secret ?? '';
  t.equal(seen(await toss.confirm(payment, { auth: basic(`${other}:`) })), '404 NOT_FOUND_PAYMENT', 'another merchant sees nothing');
});

t.test('webhooks', async (t) => {
  const received: { body: Json; headers: Record<string, unknown> }[] = [];
  let status = 200;
  const shop = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      received.push({ body: JSON.parse(text) as Json, headers: request.headers });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((done) => shop.listen(0, '127.0.0.1', done));
  t.teardown(() => shop.close());
  const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/hook`;
  const toss = await start(t);
  const until = async (wanted: number): Promise<void> => {
    for (let turn = 0; turn < 200 && received.length < wanted; turn += 1) await sleep(10);
  };

  await toss.lever('webhooks', { url, minuteMs: 1 });
  const payment = await toss.approved();
  t.equal(received.length, 0, 'READY and IN_PROGRESS ring nothing');
  await toss.confirm(payment);
  await until(1);
  const [first] = received;
  t.equal(first?.body['eventType'], 'PAYMENT_STATUS_CHANGED');
  t.equal((first?.body['data'] as Json)['status'], 'DONE');
  t.match(first?.body['createdAt'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/, 'microseconds, no zone');
  t.equal(first?.headers['tosspayments-webhook-transmission-retried-count'], '0');

  received.length = 0;
  status = 201;
  await toss.cancel(payment.paymentKey, { cancelReason: 'x' });
  await until(3);
  status = 200;
  await until(4);
  t.match(
    received.map(({ headers }) => headers['tosspayments-webhook-transmission-retried-count']).slice(0, 3), ['0', '1', '2'],
    'anything but 200 is tried again',
  );

  received.length = 0;
  await toss.lever('webhooks', { url, duplicate: 1 });
  await toss.confirm(await toss.approved());
  await until(2);
  t.equal(received.length, 2, 'rung twice');
  await toss.lever('webhooks', { url, loss: 1 });
  await toss.confirm(await toss.approved());
  await sleep(50);
  t.equal(received.length, 2, 'lost');
  t.equal(RETRY_LADDER_MINUTES.length, 7);
});

t.test('closing stops bells that are waiting to ring again', async (t) => {
  const bells = createBells(createClock(Date.now), { ...QUIET, url: 'http://127.0.0.1:9/', minuteMs: 60_000 });
  bells.ring({});
  await sleep(20);
  await bells.close();
  t.equal(bells.counts().pending, 0);
});

t.test('memory is bounded', (t) => {
  const clock = createClock(() => 0);
  const holder = createMerchants(SANDBOX_MERCHANTS).byClientKey(api?.client ?? '');
  if (holder === undefined) throw new Error('no merchant');
  const ledger = createLedger(clock, () => undefined, { payments: 10, transactions: 10 });
  for (let n = 0; n < 50; n += 1) {
    const payment = ledger.open(holder, { orderId: `order-${n}`, orderName: 'x', amount: 100, currency: 'KRW' });
    ledger.record(payment, 100);
  }
  t.equal(ledger.sizes().payments, 10);
  t.ok(ledger.sizes().transactions <= 10);
  t.equal(ledger.byOrderId('order-0', holder.merchant.mid), undefined, 'the oldest is forgotten');
  t.ok(ledger.byOrderId('order-49', holder.merchant.mid));
  const store = createIdempotencyStore(clock, 5);
  for (let n = 0; n < 20; n += 1) {
    store.start(`k${n}`);
    store.finish(`k${n}`, { status: 200, body: '' });
  }
  t.equal(store.size(), 5);
  t.equal(seoulTime(0), '1970-01-01T09:00:00+09:00');
  t.equal(parseSeoulTime('1970-01-01T09:00:00'), 0);
  t.end();
});

t.test('payment window', async (t) => {
  const toss = await start(t);
  const go = async (path: string, form?: string): Promise<{ status: number; to: string; html: string }> => {
    const reply = await request(`${toss.url}${path}`, {
      method: form === undefined ? 'GET' : 'POST', body: form ?? null, headers: form === undefined ? {} : {
        'content-type': 'application/x-www-form-urlencoded',
      },
    });
    return { status: reply.statusCode, to: String(reply.headers['location'] ?? ''), html: await reply.body.text() };
  };
  const open = async (change: Record<string, string> = {}): Promise<{ status: number; to: string; html: string }> => {
    const asked = {
      clientKey: toss.clientKey, currency: 'KRW', value: '143000', orderId: toss.newOrderId(), orderName: '<b>공연</b> & 2',
      successUrl: 'http://shop.test/ok?a=1', failUrl: 'http://shop.test/fail',
    };
    return go(`/window?${new URLSearchParams({ ...asked, ...change }).toString()}`);
  };

  const script = await request(`${toss.url}/v2/standard`);
  t.match(script.headers['content-type'], /javascript/);
  t.match(await script.body.text(), /window\.TossPayments/);

  const opened = await open({ lang: 'ko' });
  t.equal(opened.status, 303);
  const page = await go(opened.to);
  t.match(page.html, /샌드박스/);
  t.notMatch(page.html, /<b>공연/, 'the order name is escaped');
  t.match((await go(opened.to.replace('lang=ko', 'lang=en'))).html, /SANDBOX/);

  const approved = await go(opened.to, 'outcome=approve');
  const back = new URL(approved.to);
  t.equal(approved.status, 303);
  t.match(Object.fromEntries(back.searchParams), { a: '1', paymentType: 'NORMAL', amount: '143000' });
  const paymentKey = back.searchParams.get('paymentKey') ?? '';
  t.equal(seen(await toss.confirm({ paymentKey, orderId: back.searchParams.get('orderId'), amount: 143_000 })), '200 DONE');
  t.equal((await go(opened.to, 'outcome=approve')).status, 409, 'a window is used once');

  const refused = new URL((await go((await open()).to, 'outcome=refuse')).to);
  t.equal(refused.searchParams.get('code'), 'REJECT_CARD_COMPANY');
  t.ok(refused.searchParams.get('orderId'));
  const canceled = new URL((await go((await open()).to, 'outcome=cancel')).to);
  t.equal(canceled.searchParams.get('code'), 'PAY_PROCESS_CANCELED');
  t.equal(canceled.searchParams.get('orderId'), null, 'no orderId when the buyer cancels');
  const left = await go((await open()).to, 'outcome=leave');
  t.equal(left.status, 200);
  t.equal(left.to, '', 'nobody is told');

  const orderId = toss.newOrderId();
  t.equal((await open({ orderId })).to, (await open({ orderId })).to, 'asked again it is the same window');
  for (const bad of [
    { clientKey: 'test_ck_nobody' }, { orderId: 'x' }, { value: '-1' }, { value: 'NaN' }, { successUrl: 'javascript:alert(1)' }, { failUrl: '/fail' },
    { metadata: '[1]' }, { currency: 'XXX' },
  ]) {
    t.equal((await open(bad)).status, 400, JSON.stringify(bad));
  }
});
