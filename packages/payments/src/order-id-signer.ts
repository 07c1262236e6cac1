import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { ok, refuse, type Result } from '@onsale/kernel';
import { MAC_BYTES, macText, providerOrderIdStem, readProviderOrderId, type AttemptId } from './rules/index.ts';

export type OrderIdSigner = {
  readonly sign: (attempt: AttemptId) => string;
  /** The attempt an id names, if we made the id. Compares in constant time; asks nobody. */
  readonly verify: (providerOrderId: string) => Result<AttemptId, { readonly kind: 'foreign-order-id' }>;
};

const SECRET_BYTES_MIN = 16;

/** Provider order ids under one secret. A new secret makes old ids unreadable to webhooks; look-ups go on by the stored id. */
export function createOrderIdSigner(secret: Uint8Array): OrderIdSigner {
  if (secret.length < SECRET_BYTES_MIN) throw new Error(`the order secret needs at least ${SECRET_BYTES_MIN} bytes`);
  const key = createSecretKey(secret);
  const macOf = (stem: string): string => macText(createHmac('sha256', key).update('provider-order\0').update(stem).digest().subarray(0, MAC_BYTES));
  return {
    sign: (attempt) => {
      const stem = providerOrderIdStem(attempt);
      return `${stem}-${macOf(stem)}`;
    },
    verify: (providerOrderId) => {
      const read = readProviderOrderId(providerOrderId);
      if (!read.ok) return read;
      const same = timingSafeEqual(Buffer.from(read.value.mac), Buffer.from(macOf(read.value.stem)));
      return same ? ok(read.value.attempt) : refuse({ kind: 'foreign-order-id' });
    },
  };
}
