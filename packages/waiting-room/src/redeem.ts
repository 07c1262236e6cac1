import { invariant, type Place, type RoomId } from '@onsale/kernel';
import type { RoomConnection } from './connection.ts';
import { BINDING_BYTES } from './enter.ts';
import type { EndKind, RoomRefusal } from './rules/words.ts';
import { runScript, scriptOf } from './script.ts';

/** Claims of a verified entry token. `binding`: SHA-256 of the secret its bearer showed and the token names. */
export type RedeemRequest = { readonly place: Place; readonly callNo: number; readonly epoch: number; readonly binding: Buffer };

/**
 * `redeemed`: now, the lease is `sessionMaxMs`; `again`: by the same binding before, so the session is the same one (booking
 * derives its id from room and place). `used`: redeemed by another binding. `lapsed`: its minutes on the room clock are over.
 * `ended`: finished, left or revoked. `epoch`: of another epoch. `unknown`: never issued.
 */
export type RedeemReply =
  | { readonly word: 'redeemed' | 'again'; readonly remainingMs: number }
  | { readonly word: 'lapsed' | 'ended'; readonly end: EndKind }
  | { readonly word: 'used' | 'epoch' | 'unknown' | RoomRefusal };

export async function redeem(connection: RoomConnection, room: RoomId, request: RedeemRequest): Promise<RedeemReply> {
  const { place, callNo, epoch, binding } = request;
  invariant(binding.length === BINDING_BYTES, 'a binding has 32 bytes');
  const reply = await runScript(connection, scriptOf('redeem'), room, { place, callNo, epoch, binding: binding.toString('hex') });
  const [word, value] = reply as [string, (number | string)?];
  if (word === 'redeemed' || word === 'again') return { word, remainingMs: value as number };
  if (word === 'lapsed' || word === 'ended') return { word, end: value as EndKind };
  return { word: word as 'used' };
}
