import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ADMISSION_PREFIX, ProblemError } from '@onsale/contract';
import { SECOND_MS, type MonotonicClock, type Random } from '@onsale/kernel';
import { originAllowed } from '@onsale/runtime';
import type { OpenRoom } from '../open-room.ts';
import type { Rooms } from '../rooms.ts';
import { createHandshakeLimiter } from './handshake-limiter.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

/** Whether a handshake may become a socket, decided before the upgrade; refused ones get an HTTP problem. In order: stopping, path, rate, origin, room. */
export type Handshakes = {
  /** Calls `accept` at once when the room is open already. */
  check(request: IncomingMessage, socket: Duplex, accept: (open: OpenRoom) => void): void;
  /** From now on everybody is sent away. */
  refuseAll(): void;
};

export type HandshakesOptions = {
  readonly rooms: Rooms;
  readonly publicOrigins: readonly string[];
  readonly monotonic: MonotonicClock;
  readonly random: Random;
  readonly perSecond?: number | undefined;
};

/** After a stop or a crash the crowd comes back within this time, everybody at a moment of their own. */
export const RECONNECT_SPREAD_MS = 30 * SECOND_MS;
const PATH = new RegExp(`^${ADMISSION_PREFIX}/rooms/([a-z0-9-]{1,48})/socket(?:\\?.*)?$`);

export function createHandshakes({ rooms, publicOrigins, monotonic, random, perSecond }: HandshakesOptions): Handshakes {
  const allowedOrigins = new Set(publicOrigins);
  const limiter = createHandshakeLimiter(perSecond);
  let isStopping = false;
  const refuse = (socket: Duplex, error: unknown): void => {
    if (error instanceof ProblemError) refuseUpgrade(socket, error.code, error.extras);
    else refuseUpgrade(socket, 'unavailable', { retryAfterMs: SECOND_MS });
  };
  const slugOf = (request: IncomingMessage): string => {
    const spreadMs = Math.ceil(random() * RECONNECT_SPREAD_MS);
    if (isStopping) throw new ProblemError('unavailable', { retryAfterMs: spreadMs });
    const slug = PATH.exec(request.url ?? '')?.[1];
    if (slug === undefined) throw new ProblemError('not-found');
    if (!limiter.take(monotonic())) throw new ProblemError('overloaded', { retryAfterMs: SECOND_MS + spreadMs });
    if (!originAllowed(request.headers, allowedOrigins)) throw new ProblemError('origin-refused');
    return slug;
  };
  return {
    check(request, socket, accept) {
      const welcome = (open: OpenRoom): void => {
        if (!socket.destroyed) accept(open);
      };
      try {
        const slug = slugOf(request);
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
