import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ADMISSION_PREFIX, ProblemError } from '@onsale/contract';
import { SECOND_MS, type Random, type Source } from '@onsale/kernel';
import { originAllowed, type SocketDoor } from '@onsale/runtime';
import type { OpenRoom } from '../open-room.ts';
import type { Rooms } from '../rooms.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

/** Whether a handshake may become a socket, decided before the upgrade; refused ones get an HTTP problem. In order: stopping, path, rate, origin, room. */
export type Handshakes = {
  /** Calls `accept` at once when the room is open already. */
  check(request: IncomingMessage, socket: Duplex, accept: (open: OpenRoom, source: Source) => void): void;
  /** From now on everybody is sent away. */
  refuseAll(): void;
};

export type HandshakesOptions = {
  readonly rooms: Rooms;
  readonly publicOrigins: readonly string[];
  readonly door: Pick<SocketDoor<object>, 'knock'>;
  readonly sourceOf: (request: IncomingMessage) => Source;
  readonly random: Random;
};

/** After a stop or a crash the crowd comes back within this time, everybody at a moment of their own. */
export const RECONNECT_SPREAD_MS = 30 * SECOND_MS;
const PATH = new RegExp(`^${ADMISSION_PREFIX}/rooms/([a-z0-9-]{1,48})/socket(?:\\?.*)?$`);

export function createHandshakes({ rooms, publicOrigins, door, sourceOf, random }: HandshakesOptions): Handshakes {
  const allowedOrigins = new Set(publicOrigins);
  let isStopping = false;
  const refuse = (socket: Duplex, error: unknown): void => {
    if (error instanceof ProblemError) refuseUpgrade(socket, error.code, error.extras);
    else refuseUpgrade(socket, 'unavailable', { retryAfterMs: SECOND_MS });
  };
  const slugOf = (request: IncomingMessage, source: Source): string => {
    const spreadMs = Math.ceil(random() * RECONNECT_SPREAD_MS);
    if (isStopping) throw new ProblemError('unavailable', { retryAfterMs: spreadMs });
    const slug = PATH.exec(request.url ?? '')?.[1];
    if (slug === undefined) throw new ProblemError('not-found');
    if (!door.knock(source)) throw new ProblemError('overloaded', { retryAfterMs: SECOND_MS + spreadMs });
    if (!originAllowed(request.headers, allowedOrigins)) throw new ProblemError('origin-refused');
    return slug;
  };
  return {
    check(request, socket, accept) {
      const source = sourceOf(request);
      const welcome = (open: OpenRoom): void => {
        if (!socket.destroyed) accept(open, source);
      };
      try {
        const slug = slugOf(request, source);
        const open = rooms.peek(slug);
        if (open !== undefined) welcome(open);
        else rooms.open(slug).then(welcome).catch((error: unknown) => refuse(socket, error));
      } catch (error) {
        refuse(socket, error);
      }
    },
    refuseAll() {
      isStopping = true;
    },
  };
}
