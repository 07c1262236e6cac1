import { ok, refuse, type Result } from '@onsale/kernel';
import type { OrderIdSigner } from './order-id-signer.ts';
import type { AttemptId } from './rules/index.ts';

/**
 * A webhook of the provider is unsigned, so it is a bell: it says *look*, never *what*. The only thing read from its body
 * is the order id, and only if its MAC is ours. `PAYMENT_STATUS_CHANGED` carries it in `data.orderId`; `DEPOSIT_CALLBACK`
 * is flat, with neither an event type nor a payment key.
 */
export type Bell = AttemptId & { readonly providerOrderId: string };
export type DroppedBell = { readonly kind: 'dropped'; readonly why: 'no-order-id' | 'foreign-order-id' };

export function readBell(body: unknown, signer: OrderIdSigner): Result<Bell, DroppedBell> {
  const providerOrderId = orderIdOf(body);
  if (providerOrderId === null) return refuse({ kind: 'dropped', why: 'no-order-id' });
  const attempt = signer.verify(providerOrderId);
  return attempt.ok ? ok({ ...attempt.value, providerOrderId }) : refuse({ kind: 'dropped', why: 'foreign-order-id' });
}

function orderIdOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const { data, orderId } = body as { data?: unknown; orderId?: unknown };
  const inner = typeof data === 'object' && data !== null ? (data as { orderId?: unknown }).orderId : undefined;
  const found = inner ?? orderId;
  return typeof found === 'string' ? found : null;
}
