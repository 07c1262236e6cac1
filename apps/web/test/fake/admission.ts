import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Frame, PlaceReply } from '@onsale/contract';
import { WebSocketServer, type WebSocket } from 'ws';

/**
 * A waiting room in memory that speaks the contract: enough for pages and gateway, with handles for a test to move the line.
 * It keeps no promise that the real one makes.
 */
export type FakePlace = { state: PlaceReply['state']; order: number; until: number; missed: number; needsReturn: boolean; redeemed: boolean };
const EPOCH = 1;
const placeOf = (n: number): number => EPOCH * 2 ** 32 + n;

export class FakeRoom {
  readonly places = new Map<string, FakePlace>();
  readonly requests: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }[] = [];
  phase: Frame['phase'] = 'open';
  /** Every question about a place comes too early. */
  hurried = false;
  reason: Frame['reason'] = null;
  opensAt: number | null = null;
  callsLastMinute = 540;
  callMs = 60_000;
  seq = 0;
  /** Orders of imaginary fans who stand in line. */
  crowd: number[] = [];
  calledThrough: number | null = null;
  next = 1;
  device = '';
  /** No handshake is answered any more. */
  noSockets = false;
  /** Looks at the own place that one device may put within 2 s; more are refused. */
  looksMax = Infinity;
  readonly #looks = new Map<string, number[]>();
  readonly sockets = new Map<WebSocket, string>();
  server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;

  async start(): Promise<string> {
    this.server = createServer((request, reply) => void this.#answer(request, reply));
    const wss = new WebSocketServer({ noServer: true });
    this.server.on('upgrade', (request, socket, head) => {
      this.requests.push({ method: 'UPGRADE', url: request.url ?? '', headers: request.headers });
      if (this.noSockets || request.url?.includes('/rooms/refused/') === true)
        return void socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      wss.handleUpgrade(request, socket, head, (ws) => {
        this.sockets.set(ws, deviceOf(request.headers.cookie) ?? '');
        ws.on('message', (text) => this.#greet(ws, String(text)));
        ws.on('close', () => this.sockets.delete(ws));
      });
    });
    this.#timer = setInterval(() => this.push(), 1_000);
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    const address = this.server.address() as { port: number };
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const ws of this.sockets.keys()) ws.terminate();
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  fillLine(count: number): void {
    this.crowd = Array.from({ length: count }, () => placeOf(this.next++));
  }

  /** Calls `count` imaginary fans off the head of the line. */
  advance(count: number): void {
    const gone = this.crowd.splice(0, count);
    this.calledThrough = gone.at(-1) ?? this.calledThrough;
    this.push();
  }

  set(device: string, change: Partial<FakePlace>): void {
    Object.assign(this.places.get(device) as FakePlace, change);
    this.push();
    this.tellAll();
  }

  tellAll(): void {
    for (const [ws, device] of this.sockets) if (this.places.has(device)) ws.send(JSON.stringify({ type: 'me', me: this.reply(device) }));
  }

  push(): void {
    const text = JSON.stringify(this.frame());
    for (const ws of this.sockets.keys()) ws.send(text);
  }

  #greet(ws: WebSocket, text: string): void {
    const receipt = (JSON.parse(text) as { receipt?: string }).receipt?.slice('receipt.'.length);
    if (receipt !== undefined) this.sockets.set(ws, receipt);
    ws.send(JSON.stringify(this.frame()));
    const device = this.sockets.get(ws) ?? '';
    if (this.places.has(device)) ws.send(JSON.stringify({ type: 'me', me: this.reply(device) }));
  }

  line(): number[] {
    const standing = [...this.places.values()].filter(({ state }) => state === 'waiting').map(({ order }) => order);
    return [...this.crowd, ...standing].sort((one, other) => one - other);
  }

  frame(): Frame {
    const line = this.line();
    const marks: [number, number][] = [];
    for (let ahead = 0; ahead < line.length; ahead = ahead < 32 ? ahead + 1 : Math.ceil(ahead * 1.3)) marks.push([line[ahead] as number, ahead]);
    if (line.length > 0 && marks.at(-1)?.[1] !== line.length - 1) marks.push([line.at(-1) as number, line.length - 1]);
    this.seq += 1;
    return {
      type: 'frame',
      room: 'demo',
      epoch: EPOCH,
      seq: this.seq,
      phase: this.phase,
      reason: this.reason,
      present: line.length,
      calledThrough: this.calledThrough,
      callsLastMinute: this.callsLastMinute,
      marks: marks.slice(0, 64),
    };
  }

  reply(device: string): PlaceReply {
    const place = this.places.get(device) as FakePlace;
    const ahead = this.line().filter((order) => order < place.order).length;
    const waiting = place.state === 'waiting';
    const perMs = this.callsLastMinute / 60_000;
    return {
      place: place.order,
      epoch: EPOCH,
      order: place.order,
      state: place.state,
      phase: this.phase,
      reason: this.reason,
      position: waiting ? ahead + 1 : null,
      waitBand: waiting && perMs > 0 ? { p10Ms: Math.round((ahead / perMs) * 0.7), p90Ms: Math.round((ahead / perMs) * 1.5) + 4_000 } : null,
      remainingMs: ['called', 'entered', 'redeemed'].includes(place.state) ? Math.max(0, place.until - Date.now()) : null,
      missedCalls: place.missed,
      maxMisses: 2,
      needsReturn: place.needsReturn,
      pollAfterMs: 2_000,
      receipt: `receipt.${device}`,
    };
  }

  async #answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const url = request.url ?? '';
    this.requests.push({ method: request.method ?? '', url, headers: request.headers });
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const cookie = deviceOf(request.headers.cookie);
    // A receipt goes before the cookie, and what is entered with both is tied to the cookie.
    const device = request.headers.authorization?.slice('Bearer receipt.'.length) ?? cookie;
    const path = url.replace('/api/admission', '').replace(/\?.*$/, '');
    if (url === '/health/ready') return send(reply, 200, { ready: true });
    if (path === '/device') {
      reply.setHeader('set-cookie', `onsale_device=${cookie ?? randomBytes(16).toString('base64url')}; Path=/; HttpOnly; SameSite=Lax`);
      return send(reply, 204, null);
    }
    if (path === '/echo-headers') return send(reply, 200, request.headers);
    if (!path.startsWith('/rooms/demo')) return send(reply, 404, { code: 'not-found' });
    if (path === '/rooms/demo') return send(reply, 200, this.room());
    if (path === '/rooms/demo/frame') return send(reply, 200, this.frame());
    this.#answerPlace(request.method ?? '', path.replace('/rooms/demo', ''), { device, binding: cookie ?? device }, reply);
  }

  room(): object {
    return {
      room: 'demo',
      name: { ko: '온세일 라이브 2027', en: 'Onsale Live 2027' },
      phase: this.phase,
      reason: this.reason,
      epoch: EPOCH,
      opensInMs: this.opensAt === null ? null : Math.max(0, this.opensAt - Date.now()),
      shows: ['demo'],
      identity: 'device',
      present: this.line().length,
    };
  }

  #isTooEarly(device: string): boolean {
    const recent = (this.#looks.get(device) ?? []).filter((at) => Date.now() - at < 2_000);
    this.#looks.set(device, [...recent, Date.now()]);
    return recent.length >= this.looksMax;
  }

  #answerPlace(method: string, path: string, who: { device: string | undefined; binding: string | undefined }, reply: ServerResponse): void {
    const { device, binding } = who;
    const place = device === undefined ? undefined : this.places.get(device);
    if (method === 'POST' && path === '/places') {
      if (device === undefined) return send(reply, 428, { code: 'no-identity' });
      if (this.phase === 'scheduled' || this.phase === 'closed') return send(reply, 409, { code: 'room-not-open' });
      if (place === undefined || ['finished', 'left', 'lapsed'].includes(place.state))
        this.places.set(device, { state: 'waiting', order: placeOf(this.next++), until: 0, missed: 0, needsReturn: false, redeemed: false });
      return send(reply, 201, this.reply(device));
    }
    if (method === 'GET' && this.hurried) return send(reply, 429, { code: 'rate-limited', retryAfterMs: 6_500 });
    if (device === undefined || place === undefined) return send(reply, 401, { code: 'no-receipt' });
    if (method === 'GET' && this.#isTooEarly(device)) return send(reply, 429, { code: 'rate-limited', retryAfterMs: 1_500 });
    if (method === 'GET') return send(reply, 200, this.reply(device));
    if (method === 'DELETE') {
      place.state = 'left';
      return send(reply, 204, null);
    }
    if (path.endsWith('/return')) {
      Object.assign(place, { state: 'waiting', needsReturn: false });
      return send(reply, 200, this.reply(device));
    }
    if (!['called', 'entered', 'redeemed'].includes(place.state)) return send(reply, 409, { code: 'not-called' });
    if (place.state !== 'redeemed') Object.assign(place, { state: 'entered', until: Date.now() + 180_000 });
    return send(reply, 200, { entryToken: `token.${binding}`, remainingMs: 180_000, shows: [{ show: 'demo', href: '/shows/demo' }] });
  }
}

export const deviceOf = (cookies: string | undefined): string | undefined => /onsale_device=([^;]+)/.exec(cookies ?? '')?.[1];

export function send(reply: ServerResponse, status: number, body: unknown): void {
  reply.statusCode = status;
  if (body === null) return void reply.end();
  reply.setHeader('content-type', status < 400 ? 'application/json' : 'application/problem+json');
  reply.end(JSON.stringify(status < 400 ? body : { type: 'about:blank', title: 'refused', status, ...(body as object) }));
}
