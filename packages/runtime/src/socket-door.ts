import { SECOND_MS, type MonotonicClock, type Source } from '@onsale/kernel';
import { createHandshakeLimiter } from './handshake-limiter.ts';

/**
 * Who may have a WebSocket, the same for every listener. A handshake proves nothing, so what comes of it is a newcomer: in a pool of its own, by
 * source, with a deadline. Only who has said whose socket it is counts among the owners.
 *
 *   handshake ── rate, room in the pool: else 503 ──► newcomer ── greeted ──► an owner's, at most so many each ──► gone
 *                                                        └── nothing within 5 s: closed as late
 *
 * So nobody's newcomers keep others out, not even others of the pool: a source has a share of it.
 */
export type SocketDoor<Socket extends object> = {
  /** Before the upgrade; false: to be refused (503). Counts the handshake. */
  knock(source: Source): boolean;
  /** After it. */
  enter(socket: Socket, source: Source): void;
  /** The newcomer has said whose it is. False: that owner has as many sockets as anybody may have; close it. */
  greeted(socket: Socket, owner?: string): boolean;
  /** It is closed. */
  left(socket: Socket): void;
  /** To be called about twice a second. */
  closeLate(): void;
  readonly newcomers: Iterable<Socket>;
  readonly newcomersCount: number;
};

/** Handshakes a second, and newcomers at once, of one listener. */
export type SocketBounds = { readonly handshakesPerSecond: number; readonly newcomersMax: number };

export type SocketDoorOptions<Socket> = SocketBounds & {
  readonly monotonic: MonotonicClock;
  /** Closes it; false: not yet. */
  readonly closeLate: (socket: Socket) => boolean;
  readonly socketsPerOwnerMax?: number;
};

/** Sockets of one owner: tabs and devices of one person. */
export const SOCKETS_PER_OWNER_MAX = 5;
export const HELLO_WITHIN_MS = 5 * SECOND_MS;
/** What one source may take of the pool. */
const SOURCE_SHARE = 1 / 4;

type Newcomer = { readonly source: Source; readonly sinceMs: number; isLate: boolean };

export function createSocketDoor<Socket extends object>(options: SocketDoorOptions<Socket>): SocketDoor<Socket> {
  const { monotonic, closeLate, handshakesPerSecond, newcomersMax, socketsPerOwnerMax = SOCKETS_PER_OWNER_MAX } = options;
  const limiter = createHandshakeLimiter(handshakesPerSecond);
  const perSourceMax = Math.max(1, Math.floor(newcomersMax * SOURCE_SHARE));
  /** The oldest first: one list and no timer each. */
  const newcomers = new Map<Socket, Newcomer>();
  const ofSource = new Map<Source, number>();
  const owners = new Map<string, number>();
  const ownerOf = new WeakMap<Socket, string>();
  const leavePool = (socket: Socket): void => {
    const known = newcomers.get(socket);
    if (known === undefined) return;
    newcomers.delete(socket);
    change(ofSource, known.source, -1);
  };
  return {
    knock(source) {
      if (!limiter.take(source, monotonic())) return false;
      return newcomers.size < newcomersMax && (ofSource.get(source) ?? 0) < perSourceMax;
    },
    enter(socket, source) {
      newcomers.set(socket, { source, sinceMs: monotonic(), isLate: false });
      change(ofSource, source, 1);
    },
    greeted(socket, owner) {
      leavePool(socket);
      if (owner === undefined || ownerOf.get(socket) === owner) return true;
      if ((owners.get(owner) ?? 0) >= socketsPerOwnerMax) return false;
      ownerOf.set(socket, owner);
      change(owners, owner, 1);
      return true;
    },
    left(socket) {
      leavePool(socket);
      const owner = ownerOf.get(socket);
      if (owner === undefined) return;
      ownerOf.delete(socket);
      change(owners, owner, -1);
    },
    closeLate() {
      const nowMs = monotonic();
      for (const [socket, newcomer] of newcomers) {
        if (nowMs - newcomer.sinceMs < HELLO_WITHIN_MS) return;
        newcomer.isLate ||= closeLate(socket);
      }
    },
    get newcomers() {
      return newcomers.keys();
    },
    get newcomersCount() {
      return newcomers.size;
    },
  };
}

function change<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
