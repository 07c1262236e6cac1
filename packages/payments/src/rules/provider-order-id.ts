import { OPAQUE_ID_PATTERN, ok, refuse, type OpaqueId, type Result } from '@onsale/kernel';

/**
 * The order id a provider sees: `{order}-{n}-{mac}`, for example `q1…A-01-0f8k2m9x`.
 *
 *   order  22 characters, our order's id        n  attempt, 2 digits from 01        mac  40 bits as 8 characters of base32
 *
 * 34 characters of [A-Za-z0-9_-], inside the provider's 6–64. The MAC makes a bell that nobody rang worthless: without
 * the secret a webhook that names an order costs no query.
 */
export const PROVIDER_ORDER_ID_LENGTH = 34;
export const MAC_BYTES = 5;
const ORDER_LENGTH = 22;
const NUMBER_LENGTH = 2;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ORDER = new RegExp(OPAQUE_ID_PATTERN);
const SHAPE = new RegExp(`^[A-Za-z0-9_-]{22}-\\d{2}-[${ALPHABET}]{8}$`);

export type AttemptId = { readonly order: OpaqueId; readonly n: number };

/** What the MAC is computed over and the id begins with. */
export function providerOrderIdStem({ order, n }: AttemptId): string {
  if (!Number.isInteger(n) || n < 1 || n > 99) throw new Error(`attempt number out of range: ${n}`);
  return `${order}-${String(n).padStart(NUMBER_LENGTH, '0')}`;
}

export type ReadProviderOrderId = { readonly attempt: AttemptId; readonly stem: string; readonly mac: string };

/** Splits an id that may come from anyone. Nothing is proved until the MAC has been checked. */
export function readProviderOrderId(text: string): Result<ReadProviderOrderId, { readonly kind: 'foreign-order-id' }> {
  if (text.length !== PROVIDER_ORDER_ID_LENGTH || !SHAPE.test(text)) return refuse({ kind: 'foreign-order-id' });
  const order = text.slice(0, ORDER_LENGTH);
  const n = Number(text.slice(ORDER_LENGTH + 1, ORDER_LENGTH + 1 + NUMBER_LENGTH));
  if (!ORDER.test(order) || n < 1) return refuse({ kind: 'foreign-order-id' });
  return ok({ attempt: { order: order as OpaqueId, n }, stem: text.slice(0, ORDER_LENGTH + 1 + NUMBER_LENGTH), mac: text.slice(-8) });
}

/** Five bytes as eight characters of lower-case Crockford base32, most significant first. */
export function macText(bytes: Uint8Array): string {
  if (bytes.length !== MAC_BYTES) throw new Error(`a MAC has ${MAC_BYTES} bytes, got ${bytes.length}`);
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  let text = '';
  for (let position = 0; position < 8; position += 1) {
    text = ALPHABET.charAt(value % 32) + text;
    value = Math.floor(value / 32);
  }
  return text;
}
