import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ADMISSION_PREFIX, PlaceSocketInput, ProblemError, SOCKET_MESSAGE_BYTES_MAX } from '@onsale/contract';
import { SECOND_MS, type MonotonicClock, type Random } from '@onsale/kernel';
import { originAllowed } from '@onsale/runtime';
import type { PlaceView, RoomConnection } from '@onsale/waiting-room';
import { Compile } from 'typebox/compile';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { deviceSecretIn, holderOfSecret, type HolderKeys } from '../holder.ts';
import type { OpenRoom } from '../open-room.ts';
import type { Rooms } from '../rooms.ts';
import { createHandshakeLimiter } from './handshake-limiter.ts';
import { PlaceConnection } from './place-connection.ts';
import { SLICE_SOCKETS } from './place-hub.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { closeWith, RoomSockets } from './room-sockets.ts';

/**
 * `GET /api/admission/rooms/:room/socket`. Handshakes are answered here and not as a route, because what a route keeps for each request
 * would stay in memory as long as its socket (measured: 14.5 KB a socket against 8.5 KB; raw `ws` 10.3 KB).
 */
export type PlaceSockets = {
  /** Answers the upgrades of this server from now on. */
  attach(server: Server): void;
  /** A verb of this process changed a place: its sockets are told. */
  changed(room: string, view: PlaceView): void;
  readonly size: number;
  /** No more handshakes; signs of life are flushed; everybody is closed with 1012 and a delay of their own. */
  stop(): Promise<void>;
};

export type PlaceSocketsOptions = {
  readonly connection: RoomConnection;
  readonly rooms: Rooms;
  readonly holderKeys: HolderKeys;
  readonly publicOrigins: readonly string[];
  readonly monotonic: MonotonicClock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
  readonly handshakesPerSecond?: number;
};

export const HELLO_WITHIN_MS = 5 * SECOND_MS;
/** After a stop the crowd comes back within this time, everybody at a moment of their own. */
export const RECONNECT_SPREAD_MS = 30 * SECOND_MS;
/** What a client has to say between two pings: a hello, a few signs of life. */
const MESSAGES_PER_PING_MAX = 20;
const TICK_MS = 500;
const CLOSING_MS_MAX = 2 * SECOND_MS;
const PATH = new RegExp(`^${ADMISSION_PREFIX}/rooms/([a-z0-9-]{1,48})/socket(?:\\?.*)?$`);
const input = Compile(PlaceSocketInput);

export function createPlaceSockets(options: PlaceSocketsOptions): PlaceSockets {
  const { rooms, holderKeys, monotonic, onError, random } = options;
  const allowedOrigins = new Set(options.publicOrigins);
  const handshakes = createHandshakeLimiter(options.handshakesPerSecond);
  const wss = new WebSocketServer({
    noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: SOCKET_MESSAGE_BYTES_MAX, WebSocket: PlaceConnection,
  });
  const byRoom = new Map<string, RoomSockets>();
  /** Who has not said hello yet, the oldest first. */
  const strangers: { readonly connection: PlaceConnection; readonly sinceMs: number }[] = [];
  const everybody = new Set<RoomSockets>();
  let isStopping = false;

  const socketsOf = (open: OpenRoom): RoomSockets => {
    const known = byRoom.get(open.room);
    if (known !== undefined && known.open === open) return known;
    const fresh = new RoomSockets({ connection: options.connection, open, holderKeys, monotonic, onError });
    byRoom.set(open.room, fresh);
    everybody.add(fresh);
    return fresh;
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', destroy);
    const slug = PATH.exec(request.url ?? '')?.[1];
    if (isStopping) return refuseUpgrade(socket, 'unavailable', { retryAfterMs: Math.ceil(random() * RECONNECT_SPREAD_MS) });
    if (slug === undefined) return refuseUpgrade(socket, 'not-found');
    if (!handshakes.take(monotonic())) return refuseUpgrade(socket, 'overloaded', { retryAfterMs: Math.ceil(SECOND_MS + random() * RECONNECT_SPREAD_MS) });
    if (!originAllowed(request.headers, allowedOrigins)) return refuseUpgrade(socket, 'origin-refused');
    const open = rooms.peek(slug);
    if (open !== undefined) return upgrade(open, request, socket, head);
    rooms.open(slug).then(
      (opened) => (socket.destroyed ? undefined : upgrade(opened, request, socket, head)),
      (error: unknown) => (error instanceof ProblemError ? refuseUpgrade(socket, error.code, error.extras) : refuseUpgrade(socket, 'unavailable', { retryAfterMs: SECOND_MS })),
    );
  };

  const upgrade = (open: OpenRoom, request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.removeListener('error', destroy);
    wss.handleUpgrade(request, socket, head, (connection) => {
      const room = socketsOf(open);
      connection.stream = socket;
      connection.room = room;
      connection.on('message', onMessage);
      connection.on('pong', onPong);
      connection.on('close', onClose);
      connection.on('error', ignore);
      strangers.push({ connection, sinceMs: monotonic() });
      const secret = deviceSecretIn(holderKeys, request.headers.cookie);
      // Without a place the cookie proves nothing yet: the hello may bring a receipt.
      if (secret !== undefined) void room.greet(connection, () => holderOfSecret(secret), true);
    });
  };

  const tick = (): void => {
    const nowMs = monotonic();
    let over = 0;
    for (const { connection, sinceMs } of strangers) {
      if (nowMs - sinceMs < HELLO_WITHIN_MS) break;
      over += 1;
      if (connection.isOpen && connection.index === -1 && !connection.isGreeting) closeWith(connection, 'silent');
    }
    strangers.splice(0, over);
    for (const room of everybody) {
      room.tick();
      if (!room.isIdle || strangers.length > 0) continue;
      room.stop();
      everybody.delete(room);
      byRoom.delete(room.open.room);
    }
  };
  const timer = setInterval(tick, TICK_MS);

  return {
    attach(server) {
      server.on('upgrade', onUpgrade);
    },
    changed: (room, view) => byRoom.get(room)?.changed(view),
    get size() {
      let size = 0;
      for (const room of everybody) size += room.hub.size;
      return size;
    },
    async stop() {
      isStopping = true;
      clearInterval(timer);
      await Promise.all(Array.from(everybody, (room) => room.flushSigns()));
      const open = [...strangers.map(({ connection }) => connection), ...Array.from(everybody, ({ hub }) => hub.members()).flat()];
      for (let at = 0; at < open.length; at += 1) {
        if (at > 0 && at % SLICE_SOCKETS === 0) await nextTurn();
        closeWith(open[at] as PlaceConnection, 'restart', String(Math.floor(random() * RECONNECT_SPREAD_MS)));
      }
      for (let waited = 0; waited < CLOSING_MS_MAX && open.some((connection) => connection.readyState !== PlaceConnection.CLOSED); waited += 50) await sleep(50);
      for (const connection of open) connection.terminate();
      for (const room of everybody) room.stop();
    },
  };
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** `ws` closes the socket by itself: a broken frame, a message too long, a connection that is gone. */
function ignore(): void {}

/** The listeners' `this` is the socket they were put on: a PlaceConnection, which is what the server makes. */
function onPong(this: WebSocket): void {
  const connection = this as PlaceConnection;
  connection.pingsUnanswered = 0;
  if (connection.place !== undefined && connection.index !== -1) connection.room?.sign(connection.place);
}

function onClose(this: WebSocket): void {
  const connection = this as PlaceConnection;
  connection.room?.hub.remove(connection);
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const connection = this as PlaceConnection;
  connection.messages += 1;
  const message = isBinary || connection.messages > MESSAGES_PER_PING_MAX ? undefined : inputOf(data as Buffer);
  if (message === undefined) closeWith(connection, 'policy');
  else if (message.type === 'hello') connection.room?.hello(connection, message.receipt);
  else onPong.call(connection);
}

function inputOf(data: Buffer): PlaceSocketInput | undefined {
  try {
    const message: unknown = JSON.parse(data.toString('utf8'));
    return input.Check(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
