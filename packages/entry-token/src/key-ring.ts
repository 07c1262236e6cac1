import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ENTRY_TOKEN_LIFE_MAX_MS } from '@onsale/kernel';

/**
 * Ed25519 keys that sign entry tokens, each with a window of time:
 *
 *   published ──notBeforeMs──► signs ──notAfterMs──► verifies only ──+ longest token life──► gone
 *
 * A new key is published (its `notBeforeMs` lies ahead) before it signs, so verifiers that refresh their JWKS know it in time; an old key
 * verifies until its last token has expired. Two keys whose windows overlap: the younger signs.
 */
export type EntryKey = { readonly kid: string; readonly privateKeyPem: string; readonly notBeforeMs?: number; readonly notAfterMs?: number };

export type PublicKeyEntry = { readonly kid: string; readonly publicKeyPem: string; readonly notBeforeMs: number; readonly notAfterMs: number };

/** RFC 7517 with RFC 8037's OKP keys; `nbf` and `exp` in seconds bound when the key may sign (as OpenID Federation uses them). */
export type Jwk = { kty: 'OKP'; crv: 'Ed25519'; x: string; kid: string; alg: 'EdDSA'; use: 'sig'; nbf?: number; exp?: number };
export type Jwks = { keys: Jwk[] };

/** What a verifier needs: a public key that may have signed a token that is alive at `nowMs`. */
export type PublicKeys = { find(kid: string, nowMs: number): PublicKeyEntry | undefined };

export type SigningKey = { readonly kid: string; readonly privateKeyPem: string };

export type KeyRing = PublicKeys & {
  /** The key that signs new entries at `nowMs`; undefined when none may. */
  current(nowMs: number): SigningKey | undefined;
  /** The key that an existing entry named, while tokens of it are still accepted. */
  signer(kid: string, nowMs: number): SigningKey | undefined;
  /** Public keys that verifiers may still or already need at `nowMs`. */
  jwks(nowMs: number): Jwks;
};

export const KEYS_MAX = 16;
const KID = /^[A-Za-z0-9_-]{1,64}$/;

/** Throws on a key that is not Ed25519, a kid used twice or an impossible window: bad configuration must not start a process. */
export function createKeyRing(keys: readonly EntryKey[]): KeyRing {
  if (keys.length === 0 || keys.length > KEYS_MAX) throw new Error(`a key ring holds 1 to ${KEYS_MAX} keys, got ${keys.length}`);
  const members = keys.map(readKey).toSorted((one, other) => other.notBeforeMs - one.notBeforeMs);
  const byKid = new Map(members.map((member) => [member.kid, member]));
  if (byKid.size !== members.length) throw new Error('a key ring holds each kid once');
  const alive = (member: Member | undefined, nowMs: number): Member | undefined => (member !== undefined && accepts(member, nowMs) ? member : undefined);
  return {
    current: (nowMs) => members.find((member) => member.notBeforeMs <= nowMs && nowMs < member.notAfterMs),
    signer: (kid, nowMs) => alive(byKid.get(kid), nowMs),
    find: (kid, nowMs) => alive(byKid.get(kid), nowMs),
    jwks: (nowMs) => ({ keys: members.filter((member) => nowMs < verifiesUntil(member)).map(jwkOf) }),
  };
}

/** A fresh key for `scripts`, tests and rotation. */
export function makeEntryKey(kid: string, window: { notBeforeMs?: number; notAfterMs?: number } = {}): EntryKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { kid, privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, ...window };
}

/**
 * Verifying keys from a JWKS document: unknown members are ignored, keys of other kinds skipped, a broken document throws.
 * Bounded by KEYS_MAX.
 */
export function publicKeysOf(document: unknown): PublicKeys {
  const list = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list) || list.length > KEYS_MAX) throw new Error(`a JWKS holds at most ${KEYS_MAX} keys`);
  const entries = new Map<string, PublicKeyEntry>();
  for (const jwk of list as Array<Partial<Jwk> | null>) {
    if (jwk?.kty !== 'OKP' || jwk.crv !== 'Ed25519' || typeof jwk.x !== 'string' || typeof jwk.kid !== 'string' || !KID.test(jwk.kid)) continue;
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x }, format: 'jwk' });
    entries.set(jwk.kid, {
      kid: jwk.kid, publicKeyPem: pemOf(key),
      notBeforeMs: typeof jwk.nbf === 'number' ? jwk.nbf * 1_000 : 0, notAfterMs: typeof jwk.exp === 'number' ? jwk.exp * 1_000 : Infinity,
    });
  }
  return { find: (kid, nowMs) => { const entry = entries.get(kid); return entry !== undefined && accepts(entry, nowMs) ? entry : undefined; } };
}

type Member = PublicKeyEntry & SigningKey & { readonly x: string };

function readKey({ kid, privateKeyPem, notBeforeMs = 0, notAfterMs = Infinity }: EntryKey): Member {
  if (!KID.test(kid)) throw new Error('a kid is 1 to 64 characters of A–Z, a–z, 0–9, - and _');
  if (!(notBeforeMs < notAfterMs)) throw new Error(`key ${kid} would never sign: notBefore is not before notAfter`);
  const privateKey = createPrivateKey(privateKeyPem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`key ${kid} is not an Ed25519 key`);
  const publicKey = createPublicKey(privateKey);
  const { x } = publicKey.export({ format: 'jwk' });
  return { kid, privateKeyPem, publicKeyPem: pemOf(publicKey), notBeforeMs, notAfterMs, x: x as string };
}

const verifiesUntil = ({ notAfterMs }: PublicKeyEntry): number => notAfterMs + ENTRY_TOKEN_LIFE_MAX_MS;
const accepts = (entry: PublicKeyEntry, nowMs: number): boolean => entry.notBeforeMs <= nowMs && nowMs < verifiesUntil(entry);
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;

function jwkOf({ kid, x, notBeforeMs, notAfterMs }: Member): Jwk {
  const jwk: Jwk = { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' };
  if (notBeforeMs > 0) jwk.nbf = Math.floor(notBeforeMs / 1_000);
  if (notAfterMs < Infinity) jwk.exp = Math.ceil(notAfterMs / 1_000);
  return jwk;
}
