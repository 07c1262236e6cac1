import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { HeldSeat, HoldReply, LayoutReply, OrderReply } from '@onsale/contract';
import { WebSocketServer, type WebSocket } from 'ws';
import { deviceOf, send } from './admission.ts';
import { fakeLayout, fakeState, packState } from './hall.ts';

type FakeHold = { id: string; key: string | string[] | undefined; device: string; seats: number[]; until: number; state: HoldReply['state'] };
type FakeOrder = { id: string; key: string; hold: FakeHold; state: OrderReply['state']; attempts: number; abandoned?: number; refusal: OrderReply['refusal'] };

const freshId = (): string => randomBytes(16).toString('base64url');
const HOLD_MS = 480_000;

/** A ticket office in memory that speaks the contract; keeps seats apart, and none of the real one's promises. */
export class FakeBooking {
  readonly layout: LayoutReply;
  readonly codes: Uint8Array;
  readonly sessions = new Map<string, number>();
  readonly holds: FakeHold[] = [];
  readonly orders = new Map<string, FakeOrder>();
  readonly sockets = new Set<WebSocket>();
  version = 1;
  sandbox = '';
  /** What the next confirmation answers. */
  /** The database behind it cannot write a session now. */
  isAway = false;
  nextConfirm: 'paid' | 'refused' | 'unknown' = 'paid';
  attemptsLeft = 30;
  idleMs = 300_000;
  /** Who made the last hold. */
  lastDevice = '';
  readonly #deltas: { version: number; changes: [number, number][] }[] = [];
  #server: Server | undefined;

  constructor(options: { readonly across?: number; readonly deep?: number; readonly taken?: number } = {}) {
    this.layout = fakeLayout('demo', options.across ?? 8, options.deep ?? 8);
    this.codes = fakeState(this.layout.seats, options.taken ?? 0.45);
  }

  async start(): Promise<string> {
    this.#server = createServer((request, reply) => void this.#answer(request, reply));
    const wss = new WebSocketServer({ noServer: true });
    this.#server.on('upgrade', (request, socket, head) =>
      wss.handleUpgrade(request, socket, head, (ws) => {
        ws.on('message', () => {
          this.sockets.add(ws);
          ws.send(JSON.stringify(this.#whole()));
        });
        ws.on('close', () => this.sockets.delete(ws));
      }),
    );
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  async stop(): Promise<void> {
    for (const ws of this.sockets) ws.terminate();
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  change(seats: readonly number[], code: number): void {
    this.version += 1;
    const changes = seats.map((seat): [number, number] => [seat, code]);
    for (const seat of seats) this.codes[seat] = code;
    this.#deltas.push({ version: this.version, changes });
    for (const ws of this.sockets) ws.send(JSON.stringify({ type: 'delta', show: 'demo', from: this.version - 1, version: this.version, changes }));
  }

  freeSeats(count: number, from = 0): number[] {
    const found: number[] = [];
    for (let seat = from; seat < this.codes.length && found.length < count; seat += 1) if (this.codes[seat] === 0) found.push(seat);
    return found;
  }

  seat(seat: number): HeldSeat {
    for (const { section, rows } of this.layout.sections) {
      const row = rows.find(({ first, count }) => seat >= first && seat < first + count);
      if (row === undefined) continue;
      const grade = this.layout.grades.find(({ grade: name }) => name === row.grade);
      return { seat, section, row: row.row, label: String(row.label0 + seat - row.first), grade: row.grade, price: grade?.price ?? 0, fee: grade?.fee ?? 0 };
    }
    throw new Error(`no seat ${seat}`);
  }

  #whole(): object {
    return { type: 'seats', show: 'demo', version: this.version, state: packState(this.codes) };
  }

  #seatsSince(since: number): object {
    const missing = this.#deltas.filter(({ version }) => version > since);
    return { type: 'delta', show: 'demo', from: since, version: this.version, changes: missing.flatMap(({ changes }) => changes) };
  }

  holdReply(hold: FakeHold): HoldReply {
    const seats = hold.seats.map((seat) => this.seat(seat));
    return {
      id: hold.id,
      show: 'demo',
      state: hold.state,
      seats,
      remainingMs: Math.max(0, hold.until - Date.now()),
      amount: seats.reduce((sum, { price, fee }) => sum + price + fee, 0),
      currency: 'KRW',
    };
  }

  orderReply(order: FakeOrder): OrderReply {
    const hold = this.holdReply(order.hold);
    const { event, venue, startsAt } = this.layout;
    return {
      id: order.id,
      show: 'demo',
      state: order.state,
      seats: hold.seats,
      amount: hold.amount,
      currency: 'KRW',
      event,
      venue,
      startsAt,
      refusal: order.refusal,
      remainingMs: ['open', 'paying'].includes(order.state) ? hold.remainingMs : null,
      tickets:
        order.state === 'paid'
          ? hold.seats.map((seat) => ({ id: freshId(), seat, credential: `NCFOXN${'%TS3DH7/JSUG+WF:8PY'.repeat(9)}${seat.seat}`, state: 'valid' as const }))
          : [],
    };
  }

  sessionReply(device: string): object {
    return {
      room: 'demo',
      remainingMs: Math.max(0, (this.sessions.get(device) ?? 0) - Date.now()),
      idleRemainingMs: this.holds.some((hold) => hold.device === device && hold.state === 'live') ? null : this.idleMs,
      shows: ['demo'],
      limits: { seatsPerOrder: 4, perPersonAndShow: 4, perPersonAndEvent: 8, attemptsLeft: this.attemptsLeft, ordersLeft: 1 },
    };
  }

  async #answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const url = new URL(request.url ?? '/', 'http://x');
    const path = url.pathname.replace('/api/booking', '');
    const device = deviceOf(request.headers.cookie) ?? '';
    if (path === '/health/ready') return send(reply, 200, { ready: true });
    if (path === '/shows/demo/layout') return send(reply, 200, this.layout);
    if (path.startsWith('/orders/')) return this.#answerOrder(request, path, body, reply);
    if (path === '/orders' && request.method === 'GET') return this.#listOrders(device, reply);
    if (path === '/payments/confirm') return this.#confirmReturn(body, reply);
    if (path === '/entry' && request.method === 'POST') {
      if (body['entryToken'] !== `token.${device}`) return send(reply, 401, { code: 'token-invalid' });
      if (this.isAway) return send(reply, 503, { code: 'unavailable', retryAfterMs: 500 });
      this.sessions.set(device, Date.now() + 24 * 60_000);
      reply.setHeader('set-cookie', 'onsale_session=s; Path=/; HttpOnly; SameSite=Lax');
      return send(reply, 201, this.sessionReply(device));
    }
    const until = this.sessions.get(device);
    if (until === undefined) return send(reply, 401, { code: 'no-session' });
    if (until < Date.now()) return send(reply, 401, { code: 'session-ended' });
    if (path === '/entry' && request.method === 'DELETE') {
      this.sessions.set(device, 0);
      return send(reply, 204, null);
    }
    if (path === '/entry') return send(reply, 200, this.sessionReply(device));
    if (path === '/shows/demo/seats') return this.#answerSeats(request, url, reply);
    if (path === '/orders') return this.#makeOrder(body, reply);
    return this.#answerHold(request, path, body, device, reply);
  }

  #answerSeats(request: IncomingMessage, url: URL, reply: ServerResponse): void {
    if (request.headers['if-none-match'] === `"${this.version}"`) return send(reply, 304, null);
    const since = url.searchParams.get('since');
    return send(reply, 200, since === null ? this.#whole() : this.#seatsSince(Number(since)));
  }

  #answerHold(request: IncomingMessage, path: string, body: Record<string, unknown>, device: string, reply: ServerResponse): void {
    const { method, headers: { 'idempotency-key': key } } = request;
    const all = this.holds.filter((hold) => hold.device === device && hold.state === 'live' && hold.until > Date.now());
    if (path.endsWith('/holds/mine')) return send(reply, 200, { holds: all.map((hold) => this.holdReply(hold)).reverse() });
    const mine = all.find(({ id }) => path.endsWith(`/holds/${id}`));
    if (method === 'DELETE') {
      if (mine === undefined) return send(reply, 404, { code: 'not-found' });
      mine.state = 'released';
      this.change(mine.seats, 0);
      return send(reply, 204, null);
    }
    const again = this.holds.find(({ key: known }) => method === 'POST' && key !== undefined && known === key);
    if (again !== undefined) return send(reply, 200, this.holdReply(again));
    const best = body['bestAvailable'] as { quantity: number; grade?: string } | undefined;
    const wanted = best === undefined ? (body['seats'] as number[]) : this.freeSeats(best.quantity, 300);
    const taken = wanted.filter((seat) => this.codes[seat] !== 0 && mine?.seats.includes(seat) !== true);
    if (taken.length > 0)
      return send(reply, 409, {
        code: 'seat-taken',
        seats: taken,
        alternatives: [this.freeSeats(wanted.length, (wanted[0] ?? 0) + 1), this.freeSeats(wanted.length, (wanted[0] ?? 0) + 40)],
      });
    if (mine !== undefined) {
      this.change(mine.seats, 0);
      mine.seats = wanted;
      this.change(wanted, 1);
      return send(reply, 200, this.holdReply(mine));
    }
    this.attemptsLeft -= 1;
    const hold: FakeHold = { id: freshId(), key, device, seats: wanted, until: Date.now() + HOLD_MS, state: 'live' };
    this.holds.push(hold);
    this.lastDevice = device;
    this.change(wanted, 1);
    return send(reply, 201, this.holdReply(hold));
  }

  #makeOrder(body: Record<string, unknown>, reply: ServerResponse): void {
    const hold = this.holds.find(({ id }) => id === body['hold']);
    if (hold === undefined) return send(reply, 410, { code: 'hold-expired' });
    const known = [...this.orders.values()].find((order) => order.hold === hold);
    const order = known ?? { id: freshId(), key: freshId(), hold, state: 'open' as const, attempts: 0, refusal: null };
    this.orders.set(order.id, order);
    return send(reply, 201, { ...this.orderReply(order), orderKey: order.key });
  }

  #listOrders(device: string, reply: ServerResponse): void {
    if (device === '') return send(reply, 428, { code: 'no-identity' });
    const mine = [...this.orders.values()].filter(({ hold }) => hold.device === device);
    return send(reply, 200, { orders: mine.reverse().map((order) => this.orderReply(order)) });
  }

  #confirmReturn(body: Record<string, unknown>, reply: ServerResponse): void {
    const order = this.orders.get(String(body['orderId']).slice(0, 22));
    if (order === undefined) return send(reply, 404, { code: 'not-found' });
    return this.#confirm(order, body, reply, () => ({ state: order.state }));
  }

  #answerOrder(request: IncomingMessage, path: string, body: Record<string, unknown>, reply: ServerResponse): void {
    const [, , id = '', ...rest] = path.split('/');
    const order = this.orders.get(id);
    const shown = request.headers['x-order-key'];
    const opens = shown === undefined ? order?.hold.device === deviceOf(request.headers.cookie) : order?.key === shown;
    if (order === undefined || !opens) return send(reply, 404, { code: 'not-found' });
    if (request.method === 'DELETE') {
      Object.assign(order, { state: 'cancelled' });
      this.change(order.hold.seats, 0);
      return send(reply, 204, null);
    }
    if (request.method === 'GET' || request.method === 'PUT') return send(reply, 200, this.orderReply(order));
    if (rest.length === 1) {
      order.attempts += 1;
      order.state = 'paying';
      const { amount } = this.orderReply(order);
      return send(reply, 201, {
        n: order.attempts,
        providerOrderId: `${id}-${order.attempts}`,
        orderName: 'Onsale Live 2027',
        amount,
        currency: 'KRW',
        tossClientKey: 'test_ck_fake',
        scriptUrl: `${this.sandbox}/v2/standard`,
        remainingMs: 600_000,
      });
    }
    if (rest[2] === 'abandon') {
      order.abandoned = Number(rest[1]);
      return send(reply, 204, null);
    }
    return this.#confirm(order, body, reply);
  }

  #confirm(order: FakeOrder, body: Record<string, unknown>, reply: ServerResponse, told: () => object = () => this.orderReply(order)): void {
    if (body['amount'] !== this.orderReply(order).amount) return send(reply, 409, { code: 'amount-mismatch' });
    if (this.nextConfirm === 'refused') {
      Object.assign(order, { state: 'open', refusal: { code: 'REJECT_CARD_PAYMENT', message: '한도초과 혹은 잔액부족으로 결제에 실패했습니다.' } });
      return send(reply, 402, { code: 'payment-refused' });
    }
    if (this.nextConfirm === 'unknown') {
      Object.assign(order, { state: 'confirming' });
      return send(reply, 202, told());
    }
    Object.assign(order, { state: 'paid', refusal: null });
    order.hold.state = 'settled';
    this.change(order.hold.seats, 2);
    return send(reply, 200, told());
  }
}
