import type { ShowBook } from '@onsale/booking';
import { closeCodes, ProblemError, SeatSocketInput, ShowParams } from '@onsale/contract';
import { opens } from '@onsale/entry-token';
import type { ShowId } from '@onsale/kernel';
import { createSocketDoor } from '@onsale/runtime';
import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Schema from 'typebox/schema';
import type { BookingContext } from '../context.ts';
import { bookOf } from '../routes/seat-map.ts';
import { SeatHub } from './seat-hub.ts';

const PING_EVERY_MS = 25_000;
/** How often a socket's session is looked at again: an ended one is closed. */
const SESSION_CHECK_MS = 2_000;
/** Sockets of sessions; those that have not said whose they are have a pool of their own (SocketDoor). */
const SOCKETS_MAX = 20_000;
const RESTART_SPREAD_MS = 30_000;
const LATE_CHECK_MS = 500;
const CLOSING_MS_MAX = 2_000;
const HANDSHAKE_RETRY_MS = 2_000;

const hello = Schema.Compile(SeatSocketInput);

/**
 * `GET /shows/:show/socket`: the first message within 5 s is `{type: "hello", session?}` (browsers leave the session to the
 * cookie); then the whole state, then deltas. Nothing else is read from the client. A session has five sockets at most.
 */
export function seatSocketRoutes(server: FastifyInstance, context: BookingContext): void {
  const hubs = new Map<ShowBook, SeatHub>();
  const door = createSocketDoor<WebSocket>({ ...context.socketBounds, monotonic: () => performance.now(), closeLate });
  const late = setInterval(() => door.closeLate(), LATE_CHECK_MS).unref();
  let open = 0;
  server.addHook('preClose', async () => {
    clearInterval(late);
    for (const socket of door.newcomers) socket.terminate();
    for (const hub of hubs.values()) hub.close(RESTART_SPREAD_MS);
  });
  const preValidation = async (request: FastifyRequest): Promise<void> => {
    if (!door.knock(request.source)) throw new ProblemError('overloaded', { retryAfterMs: HANDSHAKE_RETRY_MS });
  };
  const schema = { params: ShowParams };
  server.get<{ Params: { show: ShowId } }>('/shows/:show/socket', { websocket: true, schema, preValidation }, async (socket, request) => {
    let leave = (): void => {};
    door.enter(socket, request.source);
    socket.on('close', () => {
      door.left(socket);
      leave();
    });
    socket.on('error', () => socket.terminate());
    socket.once('message', (data, isBinary) => {
      const message = isBinary ? undefined : parsed(String(data));
      if (!hello.Check(message)) return socket.close(closeCodes.policy.code);
      start((message as { session?: string }).session).catch((error: unknown) => {
        if (error instanceof ProblemError) socket.send(JSON.stringify({ type: 'problem', code: error.code }));
        socket.close(closeCodes.noPlace.code);
      });
    });
    const start = async (sent: string | undefined): Promise<void> => {
      const { show } = request.params;
      const session = sent === undefined ? context.guard.session(request, 'read') : context.guard.sessionOfText(sent);
      if (!opens(session, show)) throw new ProblemError('token-foreign');
      if (open >= SOCKETS_MAX || !door.greeted(socket, session.sidText)) return socket.close(closeCodes.tooMany.code);
      const book = await bookOf(context, show);
      if (socket.readyState !== socket.OPEN) return;
      const hub = hubs.get(book) ?? new SeatHub(book);
      hubs.set(book, hub);
      hub.add(socket);
      open += 1;
      const stopWatching = watch(socket, () => context.sessions.isEnded(session.sidText) || context.nowMs() >= session.untilMs);
      leave = () => {
        open -= 1;
        hub.remove(socket);
        if (hub.size === 0) hubs.delete(book);
        stopWatching();
      };
    };
  });
}

/** Closes the socket of a session that is over, or whose client does not answer. */
function watch(socket: WebSocket, isOver: () => boolean): () => void {
  let alive = true;
  socket.on('pong', () => (alive = true));
  const timers = [
    setInterval(() => isOver() && socket.close(closeCodes.ended.code), SESSION_CHECK_MS),
    setInterval(() => {
      if (!alive) return socket.terminate();
      alive = false;
      socket.ping();
    }, PING_EVERY_MS),
  ];
  return () => timers.forEach((timer) => clearInterval(timer));
}

/** Nothing was said in time; who does not close is cut. */
function closeLate(socket: WebSocket): boolean {
  socket.close(closeCodes.silent.code);
  setTimeout(() => socket.terminate(), CLOSING_MS_MAX).unref();
  return true;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
