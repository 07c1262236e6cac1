import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { ok, parsePlace, parseRoomId, parseShowId, refuse, SHOWS_PER_ROOM_MAX, type Place, type Result, type RoomId, type ShowId } from '@onsale/kernel';
import { bindingOf, BINDING_BYTES, sameBinding, type Binding, type HolderSecret } from './holder.ts';

/**
 * What booking gives for a redeemed entry token: `s1.<payload>.<mac>`, base64url, checked on every request with one HMAC and no store.
 *
 * payload, big-endian: sid 16 · person 16 · binding 32 · place f64 · untilMs f64 · room (length, bytes) · count of shows · shows (length, bytes)
 *
 * Ends and revocations are booking's (`session_end`), by sid.
 */
export type EntrySession = {
  /** 16 bytes, derived from room, place and binding: redeeming twice gives the same session without a look-up. */
  readonly sid: Buffer;
  readonly room: RoomId;
  readonly place: Place;
  /** 16 bytes: whom booking's limits count. */
  readonly person: Buffer;
  readonly binding: Binding;
  readonly shows: readonly ShowId[];
  /** Wall time, milliseconds. */
  readonly untilMs: number;
};

export type EntrySessionRefusal = { readonly kind: 'malformed' | 'bad-signature' | 'expired' };

export const ENTRY_SESSION_LENGTH_MAX = 1_400;
const PREFIX = 's1.';
const MAC_LENGTH = 43;
const FIXED_BYTES = 16 + 16 + BINDING_BYTES + 8 + 8;

/** The session's id: HMAC over length-prefixed fields, so that no two (room, place, binding) share a message. */
export function sessionIdOf(key: KeyObject, { room, place, binding }: { room: RoomId; place: Place; binding: Binding }): Buffer {
  const message = Buffer.alloc(8);
  message.writeDoubleBE(place);
  return createHmac('sha256', key).update(`entry-sid-v1\0${room}\0`).update(message).update(binding).digest().subarray(0, 16);
}

export function signEntrySession(session: EntrySession, key: KeyObject): string {
  const sizesFit = session.sid.length === 16 && session.person.length === 16 && session.binding.length === BINDING_BYTES;
  if (!sizesFit) throw new Error('entry session with a field of the wrong size');
  if (session.shows.length === 0 || session.shows.length > SHOWS_PER_ROOM_MAX) throw new Error('entry session without shows, or with too many');
  const head = Buffer.allocUnsafe(16);
  head.writeDoubleBE(session.place, 0);
  head.writeDoubleBE(session.untilMs, 8);
  const names = [slugBytes(session.room), Buffer.of(session.shows.length), ...session.shows.map(slugBytes)];
  const body = PREFIX + Buffer.concat([session.sid, session.person, session.binding, head, ...names]).toString('base64url');
  return `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
}

/**
 * The session inside `text`, if one of `keys` signed it (the first signs today, the others are being retired) and it is not over.
 * Whether its holder presents it, and for which show, is asked with `heldBy` and `opens`.
 */
export function verifyEntrySession(text: unknown, keys: readonly KeyObject[], nowMs: number): Result<EntrySession, EntrySessionRefusal> {
  if (typeof text !== 'string' || text.length > ENTRY_SESSION_LENGTH_MAX || !text.startsWith(PREFIX)) return MALFORMED;
  const cut = text.length - MAC_LENGTH - 1;
  if (cut <= PREFIX.length || text[cut] !== '.') return MALFORMED;
  const macText = text.slice(cut + 1);
  const mac = Buffer.from(macText, 'base64url');
  if (mac.length !== 32 || !'AEIMQUYcgkosw048'.includes(macText.charAt(MAC_LENGTH - 1))) return MALFORMED;
  const body = text.slice(0, cut);
  if (!keys.some((key) => timingSafeEqual(mac, createHmac('sha256', key).update(body).digest()))) return refuse({ kind: 'bad-signature' });
  const session = readPayload(Buffer.from(body.slice(PREFIX.length), 'base64url'));
  if (session === undefined) return MALFORMED;
  return nowMs >= session.untilMs ? refuse({ kind: 'expired' }) : ok(session);
}

/** True when `secret` is the one the session is bound to: a stolen bearer alone writes nothing. Constant time. */
export const heldBy = (session: EntrySession, secret: HolderSecret): boolean => sameBinding(session.binding, bindingOf(secret));

export const opens = (session: EntrySession, show: ShowId): boolean => session.shows.includes(show);

const MALFORMED = refuse({ kind: 'malformed' as const });

function slugBytes(slug: string): Buffer {
  const bytes = Buffer.from(slug, 'latin1');
  if (bytes.length === 0 || bytes.length > 255) throw new Error('slug length out of range');
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function readPayload(bytes: Buffer): EntrySession | undefined {
  if (bytes.length < FIXED_BYTES + 3) return undefined;
  const place = parsePlace(bytes.readDoubleBE(64));
  const untilMs = bytes.readDoubleBE(72);
  let at = FIXED_BYTES;
  const nextSlug = (): string => {
    const end = at + 1 + (bytes[at] ?? 0);
    const slug = bytes.toString('latin1', at + 1, end);
    at = end;
    return slug;
  };
  const room = parseRoomId(nextSlug());
  const count = bytes[at] ?? 0;
  at += 1;
  if (!place.ok || !room.ok || !Number.isSafeInteger(untilMs) || count === 0 || count > SHOWS_PER_ROOM_MAX) return undefined;
  const shows: ShowId[] = [];
  for (let index = 0; index < count; index += 1) {
    const show = parseShowId(nextSlug());
    if (!show.ok) return undefined;
    shows.push(show.value);
  }
  if (at !== bytes.length) return undefined;
  return {
    sid: bytes.subarray(0, 16), person: bytes.subarray(16, 32), binding: bytes.subarray(32, 64) as Binding,
    place: place.value, untilMs, room: room.value, shows,
  };
}
