import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { PlaceSocketInput } from '@onsale/contract';
import { SECOND_MS, sourceOf, type MonotonicClock, type Random, type Source } from '@onsale/kernel';
import { addressOf, answerUpgrades, createSocketDoor, SOCKET_OPTIONS, type SocketBounds, type Trust } from '@onsale/runtime';
import type { PlaceView, RoomConnection } from '@onsale/waiting-room';
import { Compile } from 'typebox/compile';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { deviceSecretIn, holderOfSecret, type HolderKeys } from '../holder.ts';
import type { OpenRoom } from '../open-room.ts';
import type { Rooms } from '../rooms.ts';
import { createHandshakes, RECONNECT_SPREAD_MS } from './handshake.ts';
import { PlaceConnection } from './place-connection.ts';
import { SLICE_SOCKETS } from './place-hub.ts';
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
  readonly bounds: SocketBounds;
  /** Whose word about the client's address is believed. */
  readonly trust: Trust;
};

/** What a client has to say between two pings: a hello, a few signs of life. */
const MESSAGES_PER_PING_MAX = 20;
const TICK_MS = 500;
const CLOSING_MS_MAX = 2 * SECOND_MS;
const CLOSING_LOOK_MS = 50;
const input = Compile(PlaceSocketInput);

export function createPlaceSockets(options: PlaceSocketsOptions): PlaceSockets {
  const { holderKeys, monotonic, random } = options;
  const door = createSocketDoor<PlaceConnection>({ ...options.bounds, monotonic, closeLate });
  const handshakes = createHandshakes({ ...options, door, sourceOf: (request) => sourceOf(addressOf(request, options.trust)) });
  const wss = new WebSocketServer({ ...SOCKET_OPTIONS, noServer: true, clientTracking: false, WebSocket: PlaceConnection });
  const rooms = new Map<OpenRoom, RoomSockets>();
  const socketsOf = (open: OpenRoom): RoomSockets => {
    const sockets = rooms.get(open) ?? new RoomSockets({ ...options, open, door });
    rooms.set(open, sockets);
    return sockets;
  };
  const accept = (connection: PlaceConnection, request: IncomingMessage, stream: Duplex, open: OpenRoom, source: Source): void => {
    const room = socketsOf(open);
    connection.stream = stream;
    connection.room = room;
    connection.on('message', onMessage);
    connection.on('pong', onPong);
    connection.on('close', onClose);
    connection.on('error', ignore);
    door.enter(connection, source);
    const secret = deviceSecretIn(holderKeys, request.headers.cookie);
    // Without a place the cookie proves nothing yet: the hello may bring a receipt.
    if (secret !== undefined) void room.greet(connection, () => holderOfSecret(secret), true);
  };
  const tick = (): void => {
    door.closeLate();
    for (const [open, sockets] of rooms) {
      sockets.tick();
      if (!sockets.isIdle || door.newcomersCount > 0) continue;
      sockets.stop();
      rooms.delete(open);
    }
  };
  const timer = setInterval(tick, TICK_MS);

  return {
    attach(server) {
      const answer = (request: IncomingMessage, stream: Duplex, head: Buffer): void =>
        handshakes.check(request, stream, (open, source) =>
          wss.handleUpgrade(request, stream, head, (connection) => accept(connection, request, stream, open, source)));
      answerUpgrades(server, answer, options.onError);
    },
    changed(room, view) {
      const open = options.rooms.peek(room);
      if (open !== undefined) rooms.get(open)?.changed(view);
    },
    get size() {
      return Array.from(rooms.values(), ({ hub }) => hub.size).reduce((sum, size) => sum + size, 0);
    },
    async stop() {
      handshakes.refuseAll();
      clearInterval(timer);
      await Promise.all(Array.from(rooms.values(), (sockets) => sockets.flushSigns()));
      await sendAway([...door.newcomers, ...Array.from(rooms.values(), ({ hub }) => hub.members()).flat()], random);
      for (const sockets of rooms.values()) sockets.stop();
    },
  };
}

/** Everybody is told how long to stay away; who does not close in time is cut. */
async function sendAway(connections: readonly PlaceConnection[], random: Random): Promise<void> {
  for (const [at, connection] of connections.entries()) {
    if (at > 0 && at % SLICE_SOCKETS === 0) await nextTurn();
    closeWith(connection, 'restart', String(Math.floor(random() * RECONNECT_SPREAD_MS)));
  }
  const isGone = ({ readyState }: PlaceConnection): boolean => readyState === PlaceConnection.CLOSED;
  for (let waitedMs = 0; waitedMs < CLOSING_MS_MAX && !connections.every(isGone); waitedMs += CLOSING_LOOK_MS) await sleep(CLOSING_LOOK_MS);
  for (const connection of connections) connection.terminate();
}

/** Nothing was said in time. A greeting that is being answered may yet be; who does not close is cut. */
function closeLate(connection: PlaceConnection): boolean {
  if (connection.isGreeting) return false;
  closeWith(connection, 'silent');
  setTimeout(() => connection.terminate(), CLOSING_MS_MAX).unref();
  return true;
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
  connection.room?.leave(connection);
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
