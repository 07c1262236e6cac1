import {
  ENTRY_TOKEN_LIFE_MAX_MS, epochOf, ok, parsePlace, parseRoomId, parseShowId, refuse, SECOND_MS, SHOWS_PER_ROOM_MAX,
  type Place, type Result, type RoomId, type ShowId,
} from '@onsale/kernel';

/**
 * What an entry token says. Every claim derives from what `enter` stored (enteredAt, kid, callNo) and from the room's settings, so two
 * answers to the same entry are the same token, byte for byte (Ed25519 is deterministic). PURE.
 */
export type EntryClaims = {
  readonly iss: string;
  readonly aud: typeof ENTRY_AUDIENCE;
  /** `<room>.<epoch>.<place>.<callNo>`: names one call of one place, so a token can be redeemed once. */
  readonly jti: string;
  readonly room: RoomId;
  readonly epoch: number;
  readonly place: Place;
  readonly callNo: number;
  readonly shows: readonly ShowId[];
  /** Seconds since the Unix epoch. */
  readonly iat: number;
  readonly exp: number;
  /** RFC 7800: the holder proves possession of the secret whose SHA-256 this is. */
  readonly cnf: { readonly kh: string };
};

/** What `enter` stored, and what the room's settings add. */
export type Entry = {
  readonly room: RoomId;
  readonly place: Place;
  readonly callNo: number;
  readonly shows: readonly ShowId[];
  /** Wall time of the first `enter`, milliseconds. */
  readonly enteredAtMs: number;
  /** base64url of the holder's binding. */
  readonly kh: string;
};

export const ENTRY_AUDIENCE = 'onsale-booking';
export const ENTRY_TOKEN_LIFE_MS = 180_000;
/** A called place can miss and come back; far above any honest number. */
export const CALL_NO_MAX = 2 ** 31 - 1;

/**
 * Claims of an entry. `exp` is wall time, while the lease runs on the room clock: when the token's minutes are over and the lease still
 * lives, the next window of `lifeMs` begins (same `jti`, later `iat` and `exp`). Inside one window every answer is equal.
 */
export function claimsOf(entry: Entry, { iss, nowMs, lifeMs = ENTRY_TOKEN_LIFE_MS }: { iss: string; nowMs: number; lifeMs?: number }): EntryClaims {
  // An entry in its last moments: a token of whole seconds lives one.
  const lifeSeconds = Math.max(1, Math.floor(lifeMs / SECOND_MS));
  const enteredAt = Math.floor(entry.enteredAtMs / SECOND_MS);
  const windows = Math.max(0, Math.floor((Math.floor(nowMs / SECOND_MS) - enteredAt) / lifeSeconds));
  const iat = enteredAt + windows * lifeSeconds;
  const epoch = epochOf(entry.place);
  return {
    iss, aud: ENTRY_AUDIENCE, jti: jtiOf(entry.room, epoch, entry.place, entry.callNo),
    room: entry.room, epoch, place: entry.place, callNo: entry.callNo, shows: entry.shows,
    iat, exp: iat + lifeSeconds, cnf: { kh: entry.kh },
  };
}

export const jtiOf = (room: RoomId, epoch: number, place: Place, callNo: number): string => `${room}.${epoch}.${place}.${callNo}`;

/** Time left until `exp`, milliseconds, never negative. */
export const remainingOf = (claims: EntryClaims, nowMs: number): number => Math.max(0, claims.exp * SECOND_MS - nowMs);

/** Accepts exactly the shape that `claimsOf` makes: nothing missing, nothing contradictory. The signature is somebody else's concern. */
export function parseClaims(payload: unknown): Result<EntryClaims, { readonly kind: 'malformed' }> {
  if (typeof payload !== 'object' || payload === null) return MALFORMED;
  const { iss, aud, jti, room, epoch, place, callNo, shows, iat, exp, cnf } = payload as Record<string, unknown>;
  if (typeof iss !== 'string' || iss.length === 0 || iss.length > 200 || aud !== ENTRY_AUDIENCE) return MALFORMED;
  if (typeof room !== 'string' || !parseRoomId(room).ok) return MALFORMED;
  if (typeof place !== 'number' || !parsePlace(place).ok || epoch !== epochOf(place)) return MALFORMED;
  if (!wholeNumber(callNo) || callNo > CALL_NO_MAX || jti !== jtiOf(room as RoomId, epoch, place as Place, callNo)) return MALFORMED;
  if (!Array.isArray(shows) || shows.length === 0 || shows.length > SHOWS_PER_ROOM_MAX) return MALFORMED;
  if (!shows.every((show) => typeof show === 'string' && parseShowId(show).ok)) return MALFORMED;
  if (!wholeNumber(iat) || !wholeNumber(exp) || exp <= iat || (exp - iat) * SECOND_MS > ENTRY_TOKEN_LIFE_MAX_MS) return MALFORMED;
  const kh = typeof cnf === 'object' && cnf !== null ? (cnf as Record<string, unknown>)['kh'] : undefined;
  if (typeof kh !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(kh)) return MALFORMED;
  return ok({ iss, aud, jti, room: room as RoomId, epoch, place: place as Place, callNo, shows, iat, exp, cnf: { kh } });
}

const MALFORMED = refuse({ kind: 'malformed' as const });
const wholeNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
