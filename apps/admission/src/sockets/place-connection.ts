import type { Duplex } from 'node:stream';
import type { Place } from '@onsale/kernel';
import type { PlaceState } from '@onsale/waiting-room';
import { WebSocket } from 'ws';
import type { PreparedMessage } from './prepared-message.ts';
import type { RoomSockets } from './room-sockets.ts';

/**
 * One fan's socket. Ten thousand of them stand in one process, so its state is these few fields on the socket itself and its listeners
 * are shared functions that find them through `this`; nothing is closed over per socket.
 *
 *   open ──hello, or the device cookie──► greeting (reading the place) ──► member of the hub ──► closed
 *     └── 5 s without ──► closed 4001        └── no living place ──► closed 4002, 4003
 */
export class PlaceConnection extends WebSocket {
  /** The connection below; messages that were prepared once are written to it directly. */
  stream: Duplex | undefined;
  room: RoomSockets | undefined;
  place: Place | undefined;
  /** What the client was told last. */
  state: PlaceState | undefined;
  /** Decides how often a frame is worth sending. */
  order = 0;
  /** Position in the hub's list; -1: not a member. */
  index = -1;
  /** Another socket of the same place. */
  sibling: PlaceConnection | undefined;
  /** In which second of the ping round this one is pinged. */
  pingSlot = 0;
  pingsUnanswered = 0;
  /** Frames skipped in a row because the last one has not left yet. */
  framesSkipped = 0;
  /** Messages since the last ping. */
  messages = 0;
  /** Counts greetings, so that the answer to an earlier one is dropped. */
  greetings = 0;
  /** A greeting is being answered. */
  isGreeting = false;

  /** Writes the bytes unless the connection is going away. */
  push(message: PreparedMessage): void {
    if (this.readyState === WebSocket.OPEN) this.stream?.write(message);
  }

  get isOpen(): boolean {
    return this.readyState === WebSocket.OPEN;
  }

  /** True while what was written before has not left this process. */
  get isBacklogged(): boolean {
    return (this.stream?.writableLength ?? 0) > 0;
  }
}
