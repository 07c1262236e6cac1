import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { isPastBound, PAST_BOUND } from './connections.ts';
import { lastWords } from './last-words.ts';
import { seldom } from './seldom.ts';

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

/** Shared by all sockets: nothing is closed over. */
function destroy(this: Duplex): void {
  this.destroy();
}
