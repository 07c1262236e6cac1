import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { ok, refuse, type OpaqueId, type Result } from '@onsale/kernel';
import { MAC_BYTES, macText, providerOrderIdStem, readProviderOrderId, type AttemptId } from './rules/index.ts';

export type OrderIdSigner = {
  readonly sign: (attempt: AttemptId) => string;
  /** The attempt an id names, if we made the id. Compares in constant time; asks nobody. */
  readonly verify: (providerOrderId: string) => Result<AttemptId, { readonly kind: 'foreign-order-id' }>;
  /** The attempt that (order, Idempotency-Key) opens: the same request made again finds the attempt it made. */
  readonly attemptId: (order: OpaqueId, idempotencyKey: string) => OpaqueId;
};

/** Provider order ids under the first key; ids of the others, which are being retired, are still ours. */
export function createOrderIdSigner(keys: readonly KeyObject[]): OrderIdSigner {
  const [current] = keys;
  if (current === undefined) throw new Error('no key for provider order ids');
  const macOf = (key: KeyObject, stem: string): string =>
    macText(createHmac('sha256', key).update('provider-order\0').update(stem).digest().subarray(0, MAC_BYTES));
  return {
    sign: (attempt) => {
      const stem = providerOrderIdStem(attempt);
      return `${stem}-${macOf(current, stem)}`;
    },
    verify: (providerOrderId) => {
      const read = readProviderOrderId(providerOrderId);
      if (!read.ok) return read;
      const { stem, mac, attempt } = read.value;
      const ours = keys.filter((key) => timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(key, stem)))).length > 0;
      return ours ? ok(attempt) : refuse({ kind: 'foreign-order-id' });
    },
    attemptId: (order, idempotencyKey) =>
      createHmac('sha256', current).update(`attempt\0${order}\0${idempotencyKey}`).digest().subarray(0, 16).toString('base64url') as OpaqueId,
  };
}
