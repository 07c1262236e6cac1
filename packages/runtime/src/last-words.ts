import type { Duplex } from 'node:stream';
import { SOCKET_MESSAGE_BYTES_MAX } from '@onsale/contract';
import { SECOND_MS } from '@onsale/kernel';

/** How long a client may take to read an answer and to close. */
export const LINGER_MS = 2 * SECOND_MS;

/**
 * Ends a connection with an answer, whatever the client does. Node's limits for requests end where an upgrade begins: a client that is refused
 * one and does not close would hold a file descriptor for ever.
 */
export function lastWords(socket: Duplex, text: string): void {
  socket.end(text);
  // What the client still sends is thrown away; unread, it would keep the end of its side from being seen.
  socket.resume();
  const patience = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(patience));
}

/** What every WebSocket server of the house is made with. A client that does not answer a Close has this long, not the library's 30 s. */
export const SOCKET_OPTIONS = { maxPayload: SOCKET_MESSAGE_BYTES_MAX, perMessageDeflate: false, closeTimeout: LINGER_MS };
