import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isPastBound, PAST_BOUND } from './connections.ts';
import { lastWords } from './last-words.ts';
import { seldom } from './seldom.ts';
import { HELLO_WITHIN_MS } from './socket-door.ts';

type AnswerUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Answers the upgrades of this server. Node takes its own error listener off the connection before it tells of an upgrade, and what is thrown
 * in a listener ends the process: here both end the one connection they came on. `onError` hears of a throw, which is a bug, seldom.
 */
export function answerUpgrades(server: Server, answer: AnswerUpgrade, onError: (error: unknown) => void): void {
  const tell = seldom(() => performance.now(), onError);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', destroy);
    if (isPastBound(socket)) return lastWords(socket, PAST_BOUND);
    try {
      answer(request, socket, head);
    } catch (error) {
      tell(error);
      lastWords(socket, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
  });
}

/**
 * Ends a handshake that nobody answers; for servers whose handshakes @fastify/websocket answers, to be called before it is registered: it may have
 * taken a connection over by the time its listener returns. It swallows what is thrown while it routes or answers one and leaves the connection open,
 * and Node's limits for requests end where an upgrade begins. `ws` takes the limit off when it takes the connection.
 */
export function endUnanswered(server: Server, withinMs = HELLO_WITHIN_MS): void {
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => (socket as Socket).setTimeout(withinMs, destroy));
}

/** Shared by all sockets: nothing is closed over. */
function destroy(this: Duplex): void {
  this.destroy();
}
