import { closeCodes, problem, ProblemError, RoomParams, Text, type CloseName } from '@onsale/contract';
import type { OperatorRole } from '@onsale/control';
import type { RoomId } from '@onsale/kernel';
import type { Metrics, OnsaleServer } from '@onsale/runtime';
import type { WebSocket } from '@fastify/websocket';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { OpsContext } from '../context.ts';
import type { GaugesHub } from './gauges-hub.ts';

/** Organisers watch, operators change (the change itself asks for the role). */
export const WATCHERS: readonly OperatorRole[] = ['operator', 'organiser'];
const HELLO_WITHIN_MS = 5_000;
const SOCKETS_MAX = 200;

const hello = Compile(Type.Object({ type: Type.Literal('hello'), token: Text({ minLength: 1, maxLength: 200 }) }, { additionalProperties: false }));

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
  metrics.gauge('onsale_ops_sockets', 'Sockets of operators', () => open);
  context.gate.onSignOut((token) => hub.closeOf(token));
  server.get('/rooms/:room/socket', { websocket: true, schema: { params: RoomParams, hide: true } as never }, (socket, request) => {
    const room = (request.params as { room: RoomId }).room;
    socket.on('error', () => socket.terminate());
    if (open >= SOCKETS_MAX) return refuse(socket, 'tooMany', new ProblemError('overloaded'));
    open += 1;
    const timer = setTimeout(() => closeWith(socket, 'silent'), HELLO_WITHIN_MS);
    socket.once('close', () => {
      open -= 1;
      clearTimeout(timer);
    });
    socket.once('message', (data: Buffer, isBinary: boolean) => {
      clearTimeout(timer);
      const token = isBinary ? undefined : tokenIn(data);
      if (token === undefined) return closeWith(socket, 'policy');
      socket.on('message', () => closeWith(socket, 'policy'));
      admit(context, room, token).then(() => hub.add(room, { socket, token }), (error: unknown) => {
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

export function closeWith(socket: WebSocket, name: CloseName, reason = ''): void {
  if (socket.readyState === socket.OPEN) socket.close(closeCodes[name].code, reason);
}

function refuse(socket: WebSocket, name: CloseName, error: ProblemError): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ ...problem(error.code, error.extras), type: 'problem' }));
  closeWith(socket, name);
}
