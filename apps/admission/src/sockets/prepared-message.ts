/**
 * A WebSocket text message as the bytes that go over the wire (RFC 6455 §5.2: final text frame, not masked, server to client), encoded
 * once and written to every socket of a room as the same Buffer. With compression off a server's frames are alike for all clients.
 */
export type PreparedMessage = Buffer;

const FINAL_TEXT = 0x81;
const FINAL_PING = 0x89;
const LENGTH_16_BIT = 126;
/** Frames and personal messages stay far below it; a longer one would need the 64-bit form of the length. */
export const PREPARED_BYTES_MAX = 65_535;

export function prepareText(text: string): PreparedMessage {
  const bytes = Buffer.byteLength(text);
  if (bytes > PREPARED_BYTES_MAX) throw new Error(`a pushed message of ${bytes} bytes is longer than ${PREPARED_BYTES_MAX}`);
  const head = bytes < LENGTH_16_BIT ? 2 : 4;
  const message = Buffer.allocUnsafeSlow(head + bytes);
  message[0] = FINAL_TEXT;
  if (head === 2) message[1] = bytes;
  else {
    message[1] = LENGTH_16_BIT;
    message.writeUInt16BE(bytes, 2);
  }
  message.write(text, head, 'utf8');
  return message;
}

/** A ping without payload. */
export const PING: PreparedMessage = Buffer.from([FINAL_PING, 0]);

/** The message followed by a ping: one write instead of two. */
export const withPing = (message: PreparedMessage): PreparedMessage => Buffer.concat([message, PING]);
