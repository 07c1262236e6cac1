import type { KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ProblemError } from '@onsale/contract';
import { bindingOf, identityOfBinding, parseDeviceCookie, type HolderSecret } from '@onsale/entry-token';
import type { RoomId } from '@onsale/kernel';
import { RECEIPT_LENGTH_MAX, verifyReceipt, type ReceiptClaims } from '@onsale/waiting-room';

/**
 * Who asks. A receipt says it all (place, identity, binding); the device cookie says identity and binding, and the room is asked for the
 * place. Both are checked by HMAC, before anything is asked of Redis.
 */
export type Holder = {
  /** 16 bytes: who may hold one place. */
  readonly identity: Buffer;
  /** 32 bytes: what receipt and entry token are tied to. */
  readonly binding: Buffer;
  readonly receipt: ReceiptClaims | undefined;
};

export type HolderKeys = {
  /** The first signs, the others are being retired. */
  readonly receipt: readonly KeyObject[];
  readonly device: readonly KeyObject[];
  /** Name of the device cookie. */
  readonly cookieName: string;
};

/** A receipt goes before the cookie: it is what the client chose to show. Throws no-receipt or bad-receipt. */
export function holderOf(keys: HolderKeys, headers: IncomingHttpHeaders, room: RoomId): Holder {
  const receipt = bearerIn(headers.authorization);
  if (receipt !== undefined) return holderOfReceipt(keys, receipt, room);
  const secret = deviceSecretIn(keys, headers.cookie);
  if (secret === undefined) throw new ProblemError('no-receipt');
  return holderOfSecret(secret);
}

export function holderOfReceipt(keys: HolderKeys, text: string, room: RoomId): Holder {
  if (text.length > RECEIPT_LENGTH_MAX) throw new ProblemError('bad-receipt');
  const verified = verifyReceipt(keys.receipt, text);
  if (!verified.ok || verified.value.room !== room) throw new ProblemError('bad-receipt');
  return { identity: verified.value.identity, binding: verified.value.binding, receipt: verified.value };
}

export function holderOfSecret(secret: HolderSecret): Holder {
  const binding = bindingOf(secret);
  return { identity: identityOfBinding(binding), binding, receipt: undefined };
}

/**
 * What an entry is tied to. The receipt proves the place, and booking will ask for the secret: that of the cookie which came along, if one did. So
 * a fan whose cookie was lost in line, and who has a new one, still gets in; a client without cookies keeps what its receipt says.
 */
export function entryBindingOf(keys: HolderKeys, headers: IncomingHttpHeaders, holder: Holder): Buffer {
  const secret = holder.receipt === undefined ? undefined : deviceSecretIn(keys, headers.cookie);
  return secret === undefined ? holder.binding : bindingOf(secret);
}

/** The secret in a sound device cookie; a missing or broken one is no cookie. */
export function deviceSecretIn(keys: HolderKeys, cookies: string | undefined): HolderSecret | undefined {
  const value = cookieIn(cookies, keys.cookieName);
  if (value === undefined) return undefined;
  const parsed = parseDeviceCookie(value, keys.device);
  return parsed.ok ? parsed.value : undefined;
}

const BEARER = 'bearer ';
export function bearerIn(header: string | undefined): string | undefined {
  return header !== undefined && header.slice(0, BEARER.length).toLowerCase() === BEARER ? header.slice(BEARER.length) : undefined;
}

/** One cookie by name (RFC 6265 §5.4), without parsing the others. */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (let from = 0; from < header.length;) {
    const end = header.indexOf(';', from);
    const part = header.slice(from, end === -1 ? header.length : end).trimStart();
    if (part.startsWith(name) && part[name.length] === '=') return part.slice(name.length + 1).trimEnd();
    if (end === -1) return undefined;
    from = end + 1;
  }
  return undefined;
}
