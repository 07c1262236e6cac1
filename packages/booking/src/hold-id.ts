import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { OpaqueId } from '@onsale/kernel';

/**
 * Id of the hold that (session, Idempotency-Key) makes: HMAC-SHA-256, first 16 bytes. The same request made again, also after its
 * answer or its COMMIT's answer was lost, therefore finds the hold it made. `purpose` keeps orders' ids apart from holds'.
 */
export function keyedId(secret: KeyObject, purpose: 'hold' | 'order', session: OpaqueId, idempotencyKey: string): OpaqueId {
  const mac = createHmac('sha256', secret).update(`${purpose}\0${session}\0${idempotencyKey}`).digest();
  return mac.subarray(0, 16).toString('base64url') as OpaqueId;
}
/** Node 24 is six times faster with a KeyObject than with a Buffer. */
export const idSecret = (bytes: Buffer): KeyObject => createSecretKey(bytes);
