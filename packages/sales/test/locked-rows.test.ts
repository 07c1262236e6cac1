import type { TicketOrder } from '@onsale/booking';
import { isUnavailable, openPool, RowsLocked, type Connection } from '@onsale/database';
import { valueOf } from '@onsale/kernel';
import type { TestContext } from '@onsale/testing';
import t from 'tap';
import { abandonPayment, cancelUnpaidOrder, expireHolds, openPayment, resolveUnknown, type OpenedPayment } from '../src/index.ts';
import { openShop, SHOW, startSandbox, type Shop } from './shop.ts';

/*
 * A stranger (an operator's open transaction, a process that was frozen) keeps rows of orders, lines and attempts. Commands that need those
 * rows are refused for themselves and go through once the rows are free; everybody else's go on meanwhile.
 */
const sandbox = await startSandbox(t);
/** As it is set for every session. */
const LOCK_WAIT_MS = 2_000;

/** Locks rows until `letGo`. */
type Stranger = { readonly lock: (table: string, order: TicketOrder) => Promise<void>; readonly letGo: () => Promise<void> };
async function strangerOn(t: TestContext, shop: Shop): Promise<Stranger> {
  const pool = openPool({ url: shop.database.url, connections: 1 });
  const connection: Connection = await pool.acquire();
  await connection.begin();
  t.teardown(async () => {
    connection.release();
    await pool.close();
  });
  return {
    lock: async (table, { id }) => {
      const key = table === 'ticket_order' ? 'id' : 'order_id';
      const [rows] = await connection.query(`SELECT ${key} FROM ${table} WHERE ${key} = ? FOR UPDATE`, [Buffer.from(id, 'base64url')]);
      if (rows.length === 0) throw new Error(`${table} has no row to lock`);
    },
    letGo: () => connection.rollback(),
  };
}

/** Somebody who holds and releases a seat again and again while `work` is done, and is never refused: how often. */
async function besides(shop: Shop, seat: number, work: Promise<unknown>): Promise<number> {
  let done = false;
  void work.finally(() => { done = true; }).catch(() => undefined);
  let times = 0;
  while (!done) {
    const fan = await shop.fan();
    const hold = shop.context.newId();
    valueOf(await shop.context.engine.submit({ kind: 'hold', show: SHOW, hold, seats: [seat], ...fan }));
    valueOf(await shop.context.engine.submit({ kind: 'release', show: SHOW, hold, person: fan.person }));
    times += 1;
  }
  return times;
}

const wordOf = async (work: Promise<{ readonly ok: boolean; readonly refusal?: { readonly kind: string }; readonly value?: unknown }>): Promise<string> => {
  try {
    const answer = await work;
    return answer.ok ? `ok ${(answer.value as { kind?: string } | null)?.kind ?? ''}`.trim() : String(answer.refusal?.kind);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return error.name;
  }
};

t.test('rows that a stranger keeps refuse their own commands only', async (t) => {
  const shop = await openShop(t, sandbox);
  const { context } = shop;
  const stranger = await strangerOn(t, shop);
  const made = async (seat: number): Promise<TicketOrder> => shop.order([seat]);
  const opened = async (seat: number): Promise<[TicketOrder, OpenedPayment, string]> => {
    const order = await made(seat);
    const payment = await shop.open(order);
    return [order, payment, await shop.approve(payment)];
  };
  const [unopened, reopened, cancelled, cancelledOpen, abandoned] = [await made(0), await opened(1), await made(2), await opened(3), await opened(4)];
  const [confirmedOrder, confirmedAttempt, settled] = [await opened(5), await opened(6), await opened(7)];
  const expiring = await made(8);
  await shop.rows('UPDATE hold SET until_at = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [Buffer.from(expiring.hold, 'base64url')]);
  for (const order of [unopened, cancelled, abandoned[0], confirmedOrder[0], expiring]) await stranger.lock('ticket_order', order);
  for (const [order] of [reopened, cancelledOpen, confirmedAttempt]) await stranger.lock('payment_attempt', order);
  await stranger.lock('order_line', settled[0]);

  const commands: Record<string, () => Promise<string>> = {
    'open a payment': () => wordOf(openPayment(context, unopened, { idempotencyKey: 'window', request: 'r'.repeat(22) })),
    'open another payment': () => wordOf(openPayment(context, reopened[0], { idempotencyKey: 'window', request: 'r'.repeat(22) })),
    'cancel an order': () => wordOf(cancelUnpaidOrder(context, cancelled)),
    'cancel an order with a window': () => wordOf(cancelUnpaidOrder(context, cancelledOpen[0])),
    'abandon a window': () => wordOf(abandonPayment(context, abandoned[0], 1)),
    'confirm, order locked': () => wordOf(shop.confirm(...confirmedOrder)),
    'confirm, attempt locked': () => wordOf(shop.confirm(...confirmedAttempt)),
    'confirm, lines locked': () => wordOf(shop.confirm(...settled)),
    'expire a hold': async () => String(await expireHolds(context)),
  };
  const run = async (): Promise<Record<string, string>> =>
    Object.fromEntries(await Promise.all(Object.entries(commands).map(async ([name, command]) => [name, await command()] as const)));
  const all = run();
  t.ok((await besides(shop, 20, all)) > 0, 'everybody else went on');
  t.same(await all, {
    'open a payment': 'busy', 'open another payment': 'busy', 'cancel an order': 'busy', 'cancel an order with a window': 'busy',
    'abandon a window': RowsLocked.name, 'confirm, order locked': 'busy', 'confirm, attempt locked': 'busy',
    // The buyer's money is captured: it is settled as soon as the lines can be had.
    'confirm, lines locked': 'ok pending', 'expire a hold': '0',
  });
  t.same(shop.faults.filter((fault) => isUnavailable(fault)), [], 'no batch waited for a lock until its time was over');

  await stranger.letGo();
  shop.later(60_000);
  await resolveUnknown(context);
  t.match(await run(), {
    'open a payment': 'ok', 'open another payment': 'ok', 'cancel an order': 'ok', 'cancel an order with a window': 'ok', 'abandon a window': 'ok',
    'confirm, order locked': 'ok paid', 'confirm, attempt locked': 'ok paid', 'confirm, lines locked': 'ok paid',
  });
  t.equal((await shop.reread(expiring)).state, 'expired');
  t.equal((await shop.reread(settled[0])).state, 'paid');
});

t.test('holds that cannot be ended are passed over: those behind them go back on sale', async (t) => {
  const shop = await openShop(t, sandbox);
  const stranger = await strangerOn(t, shop);
  const orders: TicketOrder[] = [];
  for (const seat of [0, 1, 2, 3]) {
    const order = await shop.order([seat]);
    const [id, age] = [Buffer.from(order.hold, 'base64url'), 60 - seat];
    await shop.rows('UPDATE hold SET until_at = NOW(3) - INTERVAL ? SECOND WHERE id = ?', [age, id]);
    orders.push(order);
  }
  for (const order of orders.slice(0, 2)) await stranger.lock('ticket_order', order);
  t.equal(await expireHolds(shop.context, 2), 2, 'a whole batch of the oldest is locked');
  t.same(await Promise.all(orders.map(async (order) => (await shop.reread(order)).state)), ['open', 'open', 'expired', 'expired']);
  await stranger.letGo();
  t.equal(await expireHolds(shop.context, 2), 2);
});

t.test('negative control: an alongside that waits for a locked row holds everybody up', async (t) => {
  const shop = await openShop(t, sandbox);
  const stranger = await strangerOn(t, shop);
  const order = await shop.order([0]);
  await stranger.lock('ticket_order', order);
  const waiting = shop.context.engine.submit({ kind: 'lengthen', show: SHOW, hold: order.hold, order: order.id, attempt: shop.context.newId() }, async (tx) => {
    await tx.query('SELECT id FROM ticket_order WHERE id = ? FOR UPDATE', [Buffer.from(order.id, 'base64url')]);
  });
  // In the same batch, or behind it.
  const from = performance.now();
  const beside = shop.context.engine.submit({ kind: 'lengthen', show: SHOW, hold: order.hold, order: order.id, attempt: shop.context.newId() });
  await beside;
  t.ok(performance.now() - from > LOCK_WAIT_MS, 'a lock wait, of one that needs no locked row');
  t.notOk((await waiting).ok);
});
