import { invariant, type Place, type RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { viewOf, type PlaceView, type RawView } from './place-view.ts';
import { runScript, scriptOf } from './script.ts';
import type { PlaceRefusal } from './rules/words.ts';

/** `binding`: SHA-256 of the secret the token is tied to. `kid`: the signing key of today. */
export type EnterRequest = { readonly place: Place; readonly binding: Buffer; readonly kid: string };
export const BINDING_BYTES = 32;
export const KID_LENGTH_MAX = 64;

/** All claims of the entry token derive from this, so that asking again gives the same token. Times: wall, ms since the Unix epoch. */
export type EntryGrant = {
  readonly place: Place;
  readonly epoch: number;
  readonly callNo: number;
  readonly kid: string;
  readonly binding: Buffer;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Has booking redeemed it already? */
  readonly redeemed: boolean;
};

/**
 * `entered`: now; `again`: the same grant as before (after the token's wall time passed with the lease alive: same place and
 * callNo, new times). `bound-elsewhere`: entered already by the holder of another binding. `not-called`: still in line or
 * absent. `ended`: the view says how. `closed`: the room is.
 */
export type EnterReply =
  | { readonly word: 'entered' | 'again'; readonly view: PlaceView; readonly grant: EntryGrant }
  | { readonly word: 'not-called' | 'bound-elsewhere' | 'ended'; readonly view: PlaceView }
  | { readonly word: 'closed' | PlaceRefusal };

export async function enter(connection: RoomConnection, room: RoomId, request: EnterRequest): Promise<EnterReply> {
  const { place, binding, kid } = request;
  invariant(binding.length === BINDING_BYTES, 'a binding has 32 bytes');
  invariant(kid.length > 0 && kid.length <= KID_LENGTH_MAX, 'kid out of bounds');
  const reply = await runScript(connection, scriptOf('enter'), room, { place, binding: binding.toString('hex'), kid });
  const [word, raw, entry] = reply as [string, RawView?, [number, number, string, number, number, number]?];
  if (raw === undefined) return { word: word as 'closed' };
  if (entry === undefined) return { word: word as 'ended', view: viewOf(raw) };
  const [epoch, callNo, entryKid, issuedAtMs, expiresAtMs, redeemed] = entry;
  const grant = { place, epoch, callNo, kid: entryKid, binding, issuedAtMs, expiresAtMs, redeemed: redeemed === 1 };
  return { word: word as 'entered', view: viewOf(raw), grant };
}
