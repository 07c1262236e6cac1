import { createHmac, hash, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { ok, parseOpaqueId, refuse, type Branded, type Result } from '@onsale/kernel';

/**
 * Who holds a place. A fan keeps one secret of 128 random bits: a browser in the signed device cookie, a program as its `clientKey`.
 * Everything the servers store or print is derived from it by SHA-256, so a dump of Redis or a log gives nobody a place:
 *
 *   secret (22 characters) ──SHA-256──► binding (32 bytes) ──first 16 bytes──► identity
 */
export type HolderSecret = Branded<string, 'HolderSecret'>;
/** SHA-256 of the holder's secret: 32 bytes. Receipts, entry tokens and entry sessions are tied to it. */
export type Binding = Branded<Buffer, 'Binding'>;
/** First 16 bytes of the binding: the name under which a room knows one fan. */
export type Identity = Branded<Buffer, 'Identity'>;

export type HolderRefusal = { readonly kind: 'malformed' } | { readonly kind: 'bad-signature' };

const SECRET_BYTES = 16;
export const BINDING_BYTES = 32;
export const IDENTITY_BYTES = 16;
const COOKIE_VERSION = 'v1';
/** `v1.` + 22 + `.` + 43 characters. */
export const DEVICE_COOKIE_LENGTH = 69;
const MAC_LENGTH = 43;

/** A new secret for a device. `random` gives n bytes and must be cryptographic. */
export const makeHolderSecret = (random: (size: number) => Buffer = randomBytes): HolderSecret => random(SECRET_BYTES).toString('base64url') as HolderSecret;

/** Accepts only the one canonical spelling of 16 bytes, so that one secret can't stand for two identities. */
export function parseHolderSecret(text: unknown): Result<HolderSecret, HolderRefusal> {
  if (typeof text !== 'string' || !parseOpaqueId(text).ok) return refuse({ kind: 'malformed' });
  return ok(text as HolderSecret);
}

export const bindingOf = (secret: HolderSecret): Binding => hash('sha256', secret, 'buffer') as Binding;
export const identityOf = (secret: HolderSecret): Identity => identityOfBinding(bindingOf(secret));
export const identityOfBinding = (binding: Binding): Identity => binding.subarray(0, IDENTITY_BYTES) as Identity;

/** 43 characters of base64url: the form in JSON and in the token's `cnf.kh`. */
export const bindingText = (binding: Binding): string => binding.toString('base64url');

export function parseBinding(text: unknown): Result<Binding, HolderRefusal> {
  if (typeof text !== 'string' || text.length !== 43) return refuse({ kind: 'malformed' });
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === BINDING_BYTES && bytes.toString('base64url') === text ? ok(bytes as Binding) : refuse({ kind: 'malformed' });
}

/** Compares in constant time; bindings of unequal length are unequal. */
export const sameBinding = (one: Uint8Array, other: Uint8Array): boolean => one.length === other.length && timingSafeEqual(one, other);

/** The value of the device cookie: `v1.<secret>.<hmac>`. */
export const signDeviceCookie = (secret: HolderSecret, key: KeyObject): string => `${COOKIE_VERSION}.${secret}.${deviceMac(secret, key).toString('base64url')}`;

/**
 * The secret inside a device cookie. The first of `keys` signs today, the others are being retired.
 * Refuses `malformed` before any HMAC is computed, `bad-signature` otherwise.
 */
export function parseDeviceCookie(cookie: unknown, keys: readonly KeyObject[]): Result<HolderSecret, HolderRefusal> {
  if (typeof cookie !== 'string' || cookie.length !== DEVICE_COOKIE_LENGTH || !cookie.startsWith(`${COOKIE_VERSION}.`) || cookie[25] !== '.') {
    return refuse({ kind: 'malformed' });
  }
  const secret = parseHolderSecret(cookie.slice(3, 25));
  if (!secret.ok) return secret;
  const text = cookie.slice(26);
  const mac = Buffer.from(text, 'base64url');
  if (mac.length !== 32 || text.length !== MAC_LENGTH || mac.toString('base64url') !== text) return refuse({ kind: 'malformed' });
  return keys.some((key) => timingSafeEqual(mac, deviceMac(secret.value, key))) ? secret : refuse({ kind: 'bad-signature' });
}

const deviceMac = (secret: HolderSecret, key: KeyObject): Buffer => createHmac('sha256', key).update(`device-cookie-v1.${secret}`).digest();
