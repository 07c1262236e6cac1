import { createDecoder, createVerifier } from 'fast-jwt';
import { ok, refuse, SECOND_MS, type Result, type RoomId } from '@onsale/kernel';
import { parseClaims, type EntryClaims } from './claims.ts';
import { parseBinding, sameBinding, type Binding } from './holder.ts';
import type { PublicKeyEntry, PublicKeys } from './key-ring.ts';
import { ENTRY_TOKEN_TYPE } from './sign.ts';

/**
 * Why a token does not open the door. In order of precedence; `bad-signature` comes last because a signature check costs 62 µs, which
 * would be a forger's lever, while everything before it costs 3–5 µs. Nothing is ever accepted without it.
 */
export type EntryTokenRefusal = { readonly kind: 'malformed' | 'unknown-kid' | 'foreign-room' | 'expired' | 'foreign-holder' | 'bad-signature' };

export type VerifyExpectations = {
  readonly keys: PublicKeys;
  readonly nowMs: number;
  /** The binding of who presents the token. */
  readonly binding: Binding;
  /** Rooms whose tokens open this door; left out, the caller checks `claims.room` and `claims.shows` itself. */
  readonly room?: RoomId;
  readonly iss?: string;
  /** Tokens of an older epoch of the room are over. */
  readonly epoch?: number;
};

/** Longest honest token (16 shows of 48 characters) stays below it. */
export const ENTRY_TOKEN_LENGTH_MAX = 2_048;
/** How far a signer's clock may be ahead of the verifier's. */
export const CLOCK_LEEWAY_MS = 30_000;
const SIGNATURE_LENGTH = 86;

export function verifyEntryToken(token: unknown, expected: VerifyExpectations): Result<EntryClaims, EntryTokenRefusal> {
  const read = readToken(token, expected);
  if (!read.ok) return read;
  const { claims, key } = read.value;
  const refusal = compareClaims(claims, expected);
  if (refusal !== undefined) return refuse({ kind: refusal });
  return signedBy(key, token as string) ? ok(claims) : refuse({ kind: 'bad-signature' });
}

/** Size, form, header and key: all that can be known without believing the token. */
function readToken(token: unknown, { keys, nowMs }: VerifyExpectations): Result<{ claims: EntryClaims; key: PublicKeyEntry }, EntryTokenRefusal> {
  if (typeof token !== 'string' || token.length > ENTRY_TOKEN_LENGTH_MAX) return refuse({ kind: 'malformed' });
  const decoded = decodeOrNothing(token);
  if (decoded === undefined || !canonicalSignature(decoded.signature)) return refuse({ kind: 'malformed' });
  const { alg, typ, kid, ...more } = decoded.header;
  if (alg !== 'EdDSA' || typ !== ENTRY_TOKEN_TYPE || typeof kid !== 'string' || Object.keys(more).length > 0) return refuse({ kind: 'malformed' });
  const key = keys.find(kid, nowMs);
  if (key === undefined) return refuse({ kind: 'unknown-kid' });
  const claims = parseClaims(decoded.payload);
  if (!claims.ok) return claims;
  return ok({ claims: claims.value, key });
}

function compareClaims(claims: EntryClaims, { room, iss, epoch, binding, nowMs }: VerifyExpectations): EntryTokenRefusal['kind'] | undefined {
  if ((room !== undefined && claims.room !== room) || (iss !== undefined && claims.iss !== iss)) return 'foreign-room';
  if (nowMs >= claims.exp * SECOND_MS || (epoch !== undefined && claims.epoch < epoch)) return 'expired';
  if (claims.iat * SECOND_MS > nowMs + CLOCK_LEEWAY_MS) return 'malformed';
  const holder = parseBinding(claims.cnf.kh);
  if (!holder.ok) return 'malformed';
  return sameBinding(holder.value, binding) ? undefined : 'foreign-holder';
}

type DecodedToken = { header: Record<string, unknown>; payload: unknown; signature: string };
const decode = createDecoder({ complete: true }) as (token: string) => DecodedToken;

function decodeOrNothing(token: string): DecodedToken | undefined {
  try {
    return decode(token);
  } catch {
    return undefined;
  }
}

/** One token, one spelling: the four spare bits of the last character must be zero. */
const canonicalSignature = (text: string): boolean => text.length === SIGNATURE_LENGTH && 'AQgw'.includes(text.charAt(SIGNATURE_LENGTH - 1));

/** The verifier knows one public key and one algorithm; what the header claims can't widen that. */
function signedBy(key: PublicKeyEntry, token: string): boolean {
  let check = verifiers.get(key);
  if (check === undefined) {
    check = createVerifier({ key: key.publicKeyPem, algorithms: ['EdDSA'], checkTyp: ENTRY_TOKEN_TYPE, ignoreExpiration: true, ignoreNotBefore: true });
    verifiers.set(key, check);
  }
  try {
    check(token);
    return true;
  } catch {
    return false;
  }
}

const verifiers = new WeakMap<PublicKeyEntry, (token: string) => unknown>();
