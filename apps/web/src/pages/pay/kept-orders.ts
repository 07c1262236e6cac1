import { keep, kept } from '../shared/kept.ts';

/**
 * Orders made on this device. The device cookie opens them too; the key does also where the cookie is gone, and never leaves the device but to
 * the server.
 */
export type KeptOrder = { readonly id: string; readonly key: string; readonly show: string; readonly madeAt: string };
const KEPT_MAX = 50;

export const keptOrders = (): readonly KeptOrder[] => kept<KeptOrder[]>('orders') ?? [];
export const keptOrder = (id: string): KeptOrder | null => keptOrders().find((order) => order.id === id) ?? null;

export function keepOrder(order: KeptOrder): void {
  keep('orders', [order, ...keptOrders().filter(({ id }) => id !== order.id)].slice(0, KEPT_MAX));
}
