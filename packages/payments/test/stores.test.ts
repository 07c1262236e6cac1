import t from 'tap';
import { createHash } from 'node:crypto';
import { inTransaction, isDuplicate, migrate, openPool, type RowDataPacket } from '@onsale/database';
import type { OpaqueId, ShowId } from '@onsale/kernel';
import { ownDatabase } from '@onsale/testing';
import {
  attemptsOf, claimLooks, insertAttempt, insertPayment, lockAttempts, moveAttempt, paymentsOf, readAttempt, startConfirming, type AttemptId,
  type ProviderPayment,
} from '../src/index.ts';

const url = await ownDatabase(t);
await migrate(url);
const said: string[] = [];
const pool = openPool({ url, connections: 3, queueMax: 200, onQuery: (sql) => said.push(sql) });
t.teardown(() => pool.close());

const RC = { isolation: 'read committed' } as const;
const idFor = (name: string): OpaqueId => createHash('sha256').update(name).digest().subarray(0, 16).toString('base64url') as OpaqueId;
const orders = Array.from({ length: 6 }, (_, n) => idFor(`order ${n}`));
const attempt = (index: number, n = 1): AttemptId => ({ order: orders[index] as OpaqueId, n });
const statements = (start: string): number => said.filter((sql) => sql.startsWith(start)).length;
const statesOf = async (n = 1): Promise<unknown[]> => Promise.all(orders.map(async (order) => (await readAttempt(pool, { order, n }))?.state));

t.test('attempts of many orders in one transaction: each its own answer and its own values', async (t) => {
  const open = (index: number, n: number) => ({
    ...attempt(index, n), id: idFor(`attempt ${index} ${n}`), show: 'show' as ShowId, hold: idFor(`hold ${index}`), providerOrderId: `provider-${index}-${n}`,
    amount: 1_000 + index, currency: 'KRW' as const, request: '',
  });
  await inTransaction(pool, RC, (tx) => Promise.all(orders.flatMap((_, index) => [insertAttempt(tx, open(index, 1)), insertAttempt(tx, open(index, 2))])));
  t.equal(statements('INSERT'), 1);
  t.same((await attemptsOf(pool, orders[3] as OpaqueId)).map(({ n, amount, providerOrderId }) => [n, amount, providerOrderId]), [
    [1, 1_003, 'provider-3-1'], [2, 1_003, 'provider-3-2'],
  ]);
  const start = (index: number) => ({ paymentKey: `key-${index}`, confirmer: idFor(`confirmer ${index}`), firstLookMs: 20_000 });
  said.length = 0;
  const started = await inTransaction(pool, RC, (tx) => Promise.all([0, 1, 2, 3].map((index) => startConfirming(tx, attempt(index), start(index)))));
  t.same(started, [true, true, true, true]);
  t.equal(statements('UPDATE'), 1);
  for (const index of [0, 1, 2, 3]) {
    const { paymentKey, confirmer } = start(index);
    t.match(await readAttempt(pool, attempt(index)), { state: 'confirming', paymentKey, confirmer, asks: 1 });
  }
  t.same(await statesOf(2), orders.map(() => 'prepared'), 'the other attempt of each order is as it was');
  const again = await inTransaction(pool, RC, (tx) => Promise.all([2, 3, 4, 4].map((index) => startConfirming(tx, attempt(index), start(index + 10)))));
  t.same(again, [false, false, true, false], 'confirming is not prepared any more, and of two only the first begins');
  t.match(await readAttempt(pool, attempt(3)), { paymentKey: 'key-3' }, 'who was refused changes nothing');
  const moved = await inTransaction(pool, RC, (tx) => Promise.all([
    moveAttempt(tx, attempt(0), 'capture'), moveAttempt(tx, attempt(1), 'refuse', { code: 'REJECTED' }), moveAttempt(tx, attempt(2), 'capture'),
    moveAttempt(tx, attempt(5), 'capture'), moveAttempt(tx, attempt(0, 2), 'abandon'), moveAttempt(tx, { order: idFor('nobody'), n: 1 }, 'capture'),
    moveAttempt(tx, attempt(2), 'capture'),
  ]));
  t.same(moved, [true, true, true, false, true, false, false]);
  t.same(await statesOf(), ['done', 'refused', 'done', 'confirming', 'confirming', 'prepared']);
  t.match(await readAttempt(pool, attempt(1)), { lastCode: 'REJECTED' });
  const locked = await inTransaction(pool, RC, (tx) => Promise.all(orders.slice(0, 2).map((order) => lockAttempts(tx, order))));
  t.same(locked.map((all) => all.length), [2, 2]);
});

t.test('a claim of looks reads the rows it claims, one or several, and no others', async (t) => {
  const bytes = (index: number): Buffer => Buffer.from(orders[index] as OpaqueId, 'base64url');
  for (const due of [[3], [3, 4]]) {
    await pool.query('UPDATE payment_attempt SET next_look_at = NOW(3) WHERE order_id IN (?) AND n = 1', [due.map(bytes)]);
    said.length = 0;
    const claimed = await claimLooks(pool, { limit: 16, leaseMs: 60_000 });
    t.same(claimed.map(({ order }) => order).sort(), due.map((index) => orders[index]).sort());
    const lease = said.find((sql) => sql.startsWith('UPDATE')) as string;
    const [plan] = await pool.query<RowDataPacket[]>(`EXPLAIN FORMAT=TRADITIONAL ${lease}`, [60_000_000, ...due.flatMap((index) => [bytes(index), 1])]);
    t.equal(plan[0]?.['type'], 'range', 'by primary key: a whole scan would lock and read every attempt ever made');
    t.same(await claimLooks(pool, { limit: 16, leaseMs: 60_000 }), [], 'leased');
  }
});

t.test('captured money of many orders in one statement; one that is counted already stops them all', async (t) => {
  const captured = (index: number): ProviderPayment => ({
    paymentKey: `key-${index}`, orderId: `provider-${index}-1`, status: 'DONE', totalAmount: 1_000 + index, balanceAmount: 1_000 + index, currency: 'KRW',
    method: '카드', lastTransactionKey: null, secret: null, receiptUrl: null, approvedAt: null,
  }) as ProviderPayment;
  said.length = 0;
  await inTransaction(pool, RC, (tx) => Promise.all([0, 2].map((index) => insertPayment(tx, attempt(index), captured(index)))));
  t.equal(statements('INSERT'), 1);
  t.match(await paymentsOf(pool, orders[2] as OpaqueId), [{ n: 1, amount: 1_002, refunded: 0, method: '카드' }]);
  const twice = inTransaction(pool, RC, (tx) => Promise.all([1, 2].map((index) => insertPayment(tx, attempt(index), captured(index)))));
  t.ok(isDuplicate(await twice.then(() => 'was not refused', (error: unknown) => error)));
  t.same(await paymentsOf(pool, orders[1] as OpaqueId), []);
});
