import { closeCodes, ProblemError, SeatSocketInput, ShowParams } from '@onsale/contract';
import { opens } from '@onsale/entry-token';
import type { ShowId } from '@onsale/kernel';
import type { FastifyInstance } from 'fastify';
import Schema from 'typebox/schema';
import type { BookingContext } from '../context.ts';
import { bookOf } from '../routes/seat-map.ts';
import { SeatHub } from './seat-hub.ts';

const HELLO_WITHIN_MS = 5_000;
const PING_EVERY_MS = 25_000;
/** How often a socket's session is looked at again: an ended one is closed. */
const SESSION_CHECK_MS = 2_000;
const SOCKETS_MAX = 20_000;
const RESTART_SPREAD_MS = 30_000;

const hello = Schema.Compile(SeatSocketInput);

/**
 * `GET /shows/:show/socket`: the first message within 5 s is `{type: "hello", session?}` (browsers leave the session to the
 * cookie); then the whole state, then deltas. Nothing else is read from the client.
 */
export function seatSocketRoutes(server: FastifyInstance, context: BookingContext): void {
  const hubs = new Map<ShowId, SeatHub>();
  let open = 0;
  server.addHook('preClose', async () => {
    for (const hub of hubs.values()) hub.close(RESTART_SPREAD_MS);
  });
  server.get<{ Params: { show: ShowId } }>('/shows/:show/socket', { websocket: true, schema: { params: ShowParams } }, async (socket, request) => {
    if (open >= SOCKETS_MAX) return socket.close(closeCodes.tooMany.code);
    open += 1;
    let hub: SeatHub | undefined;
    const timers: NodeJS.Timeout[] = [setTimeout(() => socket.close(closeCodes.silent.code), HELLO_WITHIN_MS)];
    socket.on('close', () => {
      open -= 1;
      hub?.remove(socket);
      for (const timer of timers) clearTimeout(timer);
    });
    socket.on('error', () => socket.terminate());
    let alive = true;
    socket.on('pong', () => (alive = true));
    socket.once('message', (data, isBinary) => {
      clearTimeout(timers[0]);
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
      const book = await bookOf(context, show);
      if (socket.readyState !== socket.OPEN) return;
      hub = hubs.get(show) ?? new SeatHub(book);
      hubs.set(show, hub);
      hub.add(socket);
      const over = (): boolean => context.sessions.isEnded(session.sidText) || context.nowMs() >= session.untilMs;
      timers.push(setInterval(() => over() && socket.close(closeCodes.ended.code), SESSION_CHECK_MS));
      timers.push(
        setInterval(() => {
          if (!alive) return socket.terminate();
          alive = false;
          socket.ping();
        }, PING_EVERY_MS),
      );
    };
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
