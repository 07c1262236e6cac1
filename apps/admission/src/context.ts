import type { KeyRing } from '@onsale/entry-token';
import type { MonotonicClock, WallClock } from '@onsale/kernel';
import type { OwnCookie } from '@onsale/runtime';
import type { RoomConnection } from '@onsale/waiting-room';
import type { HolderKeys } from './holder.ts';
import type { OpenRoom } from './open-room.ts';
import type { PlaceSockets } from './sockets/place-socket.ts';
import type { Rooms } from './rooms.ts';

/** What the routes work with; opened in wire.ts, handed to buildApp. */
export type AdmissionContext = {
  readonly connection: RoomConnection;
  readonly rooms: Rooms;
  readonly sockets: PlaceSockets;
  readonly holderKeys: HolderKeys;
  readonly keyRing: KeyRing;
  /** `iss` of entry tokens. */
  readonly issuer: string;
  /** What booking proves itself by on the internal listener; the first is in use, the others are being retired. */
  readonly internalSecrets: readonly string[];
  readonly deviceCookie: OwnCookie;
  readonly wallClock: WallClock;
  readonly monotonic: MonotonicClock;
};

/** The room of who joins or has a place: no promise when it is open already, as it almost always is. Rejects when Redis does not know it (RoomLooks). */
export const roomOf = ({ rooms }: AdmissionContext, slug: string): OpenRoom | Promise<OpenRoom> => rooms.peek(slug) ?? rooms.open(slug);
