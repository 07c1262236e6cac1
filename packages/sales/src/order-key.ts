import { createHash, createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { OPAQUE_ID_PATTERN, type OpaqueId } from '@onsale/kernel';

/**
 * The key of an order: 128 bits given with 201, shown as `x-order-key` afterwards. Whoever holds it owns the order (B9).
 * It derives from the order's id, so that the same request made again is answered with the same key; only its hash is kept.
 */
const keyUnder = (secret: KeyObject, order: OpaqueId): string =>
  createHmac('sha256', secret).update(`order-key\0${order}`).digest().subarray(0, 16).toString('base64url');
export const hashOfOrderKey = (orderKey: string): Buffer => createHash('sha256').update(orderKey).digest();

export const orderKeyOf = (secrets: readonly [KeyObject, ...KeyObject[]], order: OpaqueId): string => keyUnder(secrets[0], order);

/** The key whose hash was kept, under whichever secret it was made; undefined when none is left that made it. */
export const keyOfStoredOrder = (secrets: readonly KeyObject[], order: OpaqueId, keyHash: Buffer): string | undefined =>
  secrets.map((secret) => keyUnder(secret, order)).find((key) => timingSafeEqual(hashOfOrderKey(key), keyHash));

const ORDER_KEY = new RegExp(OPAQUE_ID_PATTERN);
/**
 * What can be said of a presented key without asking the database: `sound`, a key of this order under a secret we have; `none`, never a key;
 * `guess`, a stranger's, or of an order whose secret is listed no more, which only the stored hash can tell.
 */
export function judgeOrderKey(secrets: readonly KeyObject[], order: OpaqueId, presented: string | undefined): 'sound' | 'guess' | 'none' {
  if (presented === undefined || !ORDER_KEY.test(presented)) return 'none';
  const hash = hashOfOrderKey(presented);
  return secrets.filter((secret) => timingSafeEqual(hashOfOrderKey(keyUnder(secret, order)), hash)).length > 0 ? 'sound' : 'guess';
}

/** Whether a presented key opens the order. Takes as long whatever is presented. */
export function opensOrder(presented: string | undefined, order: { readonly keyHash: Buffer }): boolean {
  return timingSafeEqual(hashOfOrderKey(presented ?? ''), order.keyHash) && presented !== undefined;
}
