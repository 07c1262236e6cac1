import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import {
  createHoldEngine, openEntrySessions, openShowBooks, publishShow, readOrder, type HoldEngineOptions, type LayoutDoc, type TicketOrder,
} from '@onsale/booking';
import { openDatabase, type Database, type RowDataPacket } from '@onsale/database';
import { valueOf, type OpaqueId, type Place, type Result, type RoomId, type ShowId } from '@onsale/kernel';
import { createOrderIdSigner, createTossClient, type PaymentProvider } from '@onsale/payments';
import { makeSecrets, openSecrets, type SecretKeys } from '@onsale/runtime';
import { startNode } from '@onsale/services';
import { openTestDatabase, type TestContext, type TestDatabase } from '@onsale/testing';
import { confirmPayment, openPayment, placeOrder, type Confirmed, type OpenedPayment, type SalesContext, type SalesRefusal } from '../src/index.ts';

export const SHOW = 'show' as ShowId;
const ROOM = 'room' as RoomId;
const SANDBOX = fileURLToPath(new URL('../../../apps/sandbox/src/main.ts', import.meta.url));
const READY_WITHIN_MS = 20_000;
/** Waits of the sagas (1, 2, 4 s) last a fortieth of it here. */
const HASTE = 40;

type Ready = { readonly type: 'ready'; readonly urls: { readonly public: string } };
const isReady = (message: unknown): message is Ready => (message as { type?: unknown } | null)?.type === 'ready';

/** The real sandbox as a process of its own, spoken to over HTTP only. */
export type SandboxProcess = {
  readonly url: string;
  readonly keys: SecretKeys;
  readonly control: (path: string, body: unknown) => Promise<Record<string, unknown>>;
  readonly stop: () => Promise<void>;
};

export async function startSandbox(t: TestContext): Promise<SandboxProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'onsale-sales-'));
  const secrets = makeSecrets();
  await writeFile(join(folder, 'secrets.json'), JSON.stringify(secrets), { mode: 0o600 });
  const app = startNode(SANDBOX, {
    name: 'sandbox',
    env: { PATH: process.env['PATH'], ONSALE_SECRETS: join(folder, 'secrets.json'), BOOKING_URL: 'http://127.0.0.1:9', LOG_LEVEL: 'error' },
  });
  t.teardown(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });
  const { urls } = await app.message(isReady, READY_WITHIN_MS);
  const control = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const reply = await request(
      `${urls.public}/control/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
    const answer = (await reply.body.json()) as Record<string, unknown>;
    if (reply.statusCode >= 300) throw new Error(`sandbox ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  return { url: urls.public, keys: openSecrets(secrets), control, stop: () => app.kill() };
}

export function hall(seats: number, prices = { R: 120_000, S: 50 }): LayoutDoc {
  const half = Math.floor(seats / 2);
  const row = (name: string, first: number, count: number, grade: string) => ({ row: name, first, count, label0: 1, x: 10, y: first, dx: 1, dy: 0, grade });
  const grade = (name: string, price: number, fee: number) => ({ grade: name, name: { ko: name, en: name }, price, fee, color: '#112233' });
  return {
    width: seats, height: 20, stage: [], focus: [0, 0], seats, grades: [grade('R', prices.R, 2_000), grade('S', prices.S, 0), grade('F', 0, 0)],
    sections: [
      {
        section: '1', name: { ko: '1', en: '1' }, outline: [],
        rows: [row('A', 0, half, 'R'), row('B', half, seats - half - 4, 'S'), row('C', seats - 4, 4, 'F')],
      },
    ],
  };
}

export type Fan = { readonly person: OpaqueId; readonly session: OpaqueId };
export type Shop = {
  readonly context: SalesContext;
  readonly database: TestDatabase;
  readonly sandbox: SandboxProcess;
  readonly fan: () => Promise<Fan>;
  /** A hold of these seats and its order. */
  readonly order: (seats: readonly number[], fan?: Fan) => Promise<TicketOrder>;
  readonly open: (order: TicketOrder) => Promise<OpenedPayment>;
  /** What the window would have done. */
  readonly approve: (opened: OpenedPayment, outcome?: string) => Promise<string>;
  readonly confirm: (order: TicketOrder, opened: OpenedPayment, paymentKey: string) => Promise<Result<Confirmed, SalesRefusal>>;
  readonly reread: (order: TicketOrder) => Promise<TicketOrder>;
  readonly attemptStates: (order: TicketOrder) => Promise<unknown[]>;
  readonly rows: (sql: string, values?: readonly (string | number | Buffer)[]) => Promise<RowDataPacket[]>;
  /** Moves the database's clock. */
  readonly later: (ms: number) => void;
  readonly faults: unknown[];
};

export type ShopOptions = {
  readonly provider?: (real: PaymentProvider) => PaymentProvider;
  readonly confirmMs?: number;
  readonly engine?: Partial<HoldEngineOptions>;
  readonly limits?: Readonly<Record<string, number>>;
};

/** One booking process' worth of sales: real engine, real database, the sandbox over HTTP. */
export async function openShop(
  t: TestContext, sandbox: SandboxProcess, { provider = (real) => real, confirmMs = 400, engine: engineOptions = {} }: ShopOptions = {},
): Promise<Shop> {
  const database = await openTestDatabase(t);
  let ahead = 0;
  const pools: Database = openDatabase({ url: database.url, reads: 3, hot: 3, money: 4, queuePerConnection: 50, nowMs: () => Date.now() + ahead });
  await publishShow(pools.reads, {
    show: SHOW, event: 'event', eventName: { ko: '공연', en: 'Concert' }, venueName: { ko: '홀', en: 'Hall' }, startsAt: new Date('2035-01-01T10:00:00Z'),
    opensAt: new Date('2020-01-01T00:00:00Z'), closesAt: new Date('2034-12-31T00:00:00Z'), currency: 'KRW', layout: hall(60), orphanRule: false,
  });
  const faults: unknown[] = [];
  const books = openShowBooks({ pool: pools.reads, onFault: (error) => faults.push(error) });
  const engine = createHoldEngine({ pool: pools.hot, reads: pools.reads, books, onFault: (error) => faults.push(error), ...engineOptions });
  const sessions = openEntrySessions({ pool: pools.reads, poll: false });
  const toss = provider(
    createTossClient({ baseUrl: sandbox.url, secretKey: sandbox.keys.toss.secretKey, timeouts: { connectMs: 500, confirmMs, queryMs: 2_000 } }),
  );
  t.teardown(async () => {
    await engine.close();
    await Promise.all([books.close(), sessions.close(), toss.close()]);
    await pools.close();
  });
  const [orderKey] = sandbox.keys.order;
  if (orderKey === undefined) throw new Error('no order secret');
  const newId = (): OpaqueId => randomBytes(16).toString('base64url') as OpaqueId;
  const context: SalesContext = {
    database: pools, engine, books, sessions, provider: toss, orderIds: createOrderIdSigner(sandbox.keys.toss.orderMac), orderKeys: [orderKey], newId,
    sleep: async (ms) => void (await sleep(ms / HASTE)), onFault: (saga, error) => faults.push({ saga, error }),
  };
  let places = 0;
  const fan = async (): Promise<Fan> => {
    const [person, session] = [newId(), newId()];
    places += 1;
    valueOf(
      await sessions.redeem({ sid: session, room: ROOM, place: (2 ** 32 + places) as Place, person, binding: 'binding', shows: [SHOW], lastsMs: 1_500_000 }),
    );
    return { person, session };
  };
  return {
    context, database, sandbox, fan, faults,
    order: async (seats, who) => {
      const owner = who ?? (await fan());
      const hold = newId();
      valueOf(await engine.submit({ kind: 'hold', show: SHOW, hold, seats, ...owner }));
      const placed = await placeOrder(
        context, { show: SHOW, hold, ...owner, account: null, idempotencyKey: `order-${hold}`, request: '', buyer: { name: null, email: null } },
      );
      return valueOf(placed).order;
    },
    open: async (order) => valueOf(await openPayment(context, order, { idempotencyKey: `open-${newId()}`, request: '' })),
    approve: async ({ attempt }, outcome = 'approve') => {
      const { clientKey } = sandbox.keys.toss;
      return String(
        (await sandbox.control('payments', { tossClientKey: clientKey, orderId: attempt.providerOrderId, amount: attempt.amount, outcome }))['paymentKey'],
      );
    },
    confirm: (order, { attempt }, paymentKey) =>
      confirmPayment(context, { order, n: attempt.n, paymentKey, providerOrderId: attempt.providerOrderId, amount: attempt.amount }),
    reread: async (order) => {
      const found = await readOrder(pools.reads, order.id);
      if (found === undefined) throw new Error('the order vanished');
      return found;
    },
    attemptStates: async ({ id }) => {
      const [found] = await database.pool.query('SELECT state FROM payment_attempt WHERE order_id = ? ORDER BY n', [Buffer.from(id, 'base64url')]);
      return found.map((row) => row['state']);
    },
    rows: async (sql, values = []) => (await database.pool.query(sql, values))[0],
    later: (ms) => { ahead += ms; },
  };
}

export const arm = (sandbox: SandboxProcess, ...faults: readonly object[]): Promise<unknown> => sandbox.control('faults', { faults, seed: 'sales' });
