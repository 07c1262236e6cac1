import { closeCodes, GaugesSocketInput, problem, ProblemError, RoomParams, type CloseName } from '@onsale/contract';
import type { OperatorRole } from '@onsale/control';
import type { RoomId } from '@onsale/kernel';
import { createSocketDoor, type Metrics, type OnsaleServer } from '@onsale/runtime';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from '@fastify/websocket';
import { Compile } from 'typebox/compile';
import type { OpsContext } from '../context.ts';
import type { GaugesHub } from './gauges-hub.ts';

/** Organisers watch, operators change (the change itself asks for the role). */
export const WATCHERS: readonly OperatorRole[] = ['operator', 'organiser'];
/** Of operators; those that have not said whose they are have a pool of their own (SocketDoor). */
const SOCKETS_MAX = 200;
/** A console that watches every room of a busy day. */
const SOCKETS_PER_SESSION_MAX = 20;
const LATE_CHECK_MS = 500;
const CLOSING_MS_MAX = 2_000;
const HANDSHAKE_RETRY_MS = 2_000;

const hello = Compile(GaugesSocketInput);

/**
 * `GET /rooms/:room/socket`: the first message within 5 s is `{type: "hello", token}`; then the gauges once a second. A `problem` is told before
 * a close. Nothing else is read from the client.
 *
 *   connected ── hello ──► asking (signed in? known room?) ──► watching ── session over: 4003 · too slow: 4005 · restart: 1012 ──► closed
 *       └── nothing for 5 s: 4001 · anything else: 1008        └── neither: problem, 4003
 */
export function gaugesSocketRoute(server: OnsaleServer, context: OpsContext & { readonly hub: GaugesHub }, metrics: Metrics): void {
  const { hub } = context;
  let open = 0;
  const door = createSocketDoor<WebSocket>({
    ...context.socketBounds, monotonic: () => performance.now(), closeLate, socketsPerOwnerMax: SOCKETS_PER_SESSION_MAX,
  });
  const late = setInterval(() => door.closeLate(), LATE_CHECK_MS).unref();
  server.addHook('preClose', async () => {
    clearInterval(late);
    for (const socket of door.newcomers) socket.terminate();
  });
  const preValidation = async (request: FastifyRequest): Promise<void> => {
    if (!door.knock(request.source)) throw new ProblemError('overloaded', { retryAfterMs: HANDSHAKE_RETRY_MS });
  };
  metrics.gauge('onsale_ops_sockets', 'Sockets of operators', () => open);
  context.gate.onSignOut((token) => hub.closeOf(token));
  const schema = { params: RoomParams };
  server.get('/rooms/:room/socket', { websocket: true, schema, preValidation }, (socket, request) => {
    const room = (request.params as { room: RoomId }).room;
    socket.on('error', () => socket.terminate());
    let isCounted = false;
    door.enter(socket, request.source);
    socket.once('close', () => {
      door.left(socket);
      if (isCounted) open -= 1;
    });
    socket.once('message', (data: Buffer, isBinary: boolean) => {
      const token = isBinary ? undefined : tokenIn(data);
      if (token === undefined) return closeWith(socket, 'policy');
      socket.on('message', () => closeWith(socket, 'policy'));
      const watch = (): void => {
        if (open >= SOCKETS_MAX || !door.greeted(socket, token)) return refuse(socket, 'tooMany', new ProblemError('overloaded'));
        if (socket.readyState !== socket.OPEN) return;
        isCounted = true;
        open += 1;
        hub.add(room, { socket, token });
      };
      admit(context, room, token).then(watch, (error: unknown) => {
        if (!(error instanceof ProblemError)) context.onError(error);
        refuse(socket, 'ended', error instanceof ProblemError ? error : new ProblemError('unavailable'));
      });
    });
  });
}

async function admit({ gate, desk }: OpsContext, room: RoomId, token: string): Promise<void> {
  await gate.enter(token, WATCHERS);
  await desk.mustKnow(room);
}

function tokenIn(data: Buffer): string | undefined {
  try {
    const message: unknown = JSON.parse(data.toString('utf8'));
    return hello.Check(message) ? message.token : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing was said in time; who does not close is cut. */
function closeLate(socket: WebSocket): boolean {
  closeWith(socket, 'silent');
  setTimeout(() => socket.terminate(), CLOSING_MS_MAX).unref();
  return true;
}

export function closeWith(socket: WebSocket, name: CloseName, reason = ''): void {
  if (socket.readyState === socket.OPEN) socket.close(closeCodes[name].code, reason);
}

function refuse(socket: WebSocket, name: CloseName, error: ProblemError): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ ...problem(error.code, error.extras), type: 'problem' }));
  closeWith(socket, name);
}
