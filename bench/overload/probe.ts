import { setTimeout as sleep } from 'node:timers/promises';
import { BOOKING_PREFIX, CLIENT_KEY_HEADER } from '@onsale/contract';
import type { WholeSystem } from '@onsale/testing';
import { FANS_PER_HALL, holdAt, type Halls } from '../measure/halls.ts';
import { Latencies } from '../measure/latencies.ts';
import { approve, confirm, StepFailed, type Approved, type Ask } from '../measure/purchase.ts';
import { sessionText } from '../measure/session-text.ts';

/** Buyers who are at the bank when the flood comes: each confirms during it, and the provider rings for each. */
export type Probe = { readonly confirms: Latencies; readonly confirmsFailed: number; readonly bells: Latencies; readonly bellsFailed: number };

/** By the fans who come last in the flood: an entry session ends with its order. */
export async function openPayments(system: WholeSystem, halls: Halls, count: number): Promise<readonly Approved[]> {
  const approved: Approved[] = [];
  for (let index = 0; index < count; index += 1) {
    const { show, fan, seats } = holdAt(halls, FANS_PER_HALL - 1 - index) as NonNullable<ReturnType<typeof holdAt>>;
    const headers = { authorization: `Bearer ${sessionText(system.secrets, halls, fan, show)}`, [CLIENT_KEY_HEADER]: fan.clientKey };
    approved.push(await approve(askerOf(system), { show, seats, headers }));
  }
  return approved;
}

/** One confirm and one webhook each `everyMs`; does not wait for the one before. */
export async function probe(system: WholeSystem, payments: readonly Approved[], everyMs: number): Promise<Probe> {
  const ask = askerOf(system);
  const [confirms, bells] = [new Latencies(), new Latencies()];
  let [confirmsFailed, bellsFailed] = [0, 0];
  const timed = async (latencies: Latencies, act: () => Promise<unknown>): Promise<boolean> => {
    const began = performance.now();
    const served = await act().then(() => true, (error: unknown) => {
      process.stdout.write(`  not served: ${String(error)}\n`);
      return false;
    });
    latencies.add(performance.now() - began);
    return served;
  };
  await Promise.all(payments.map(async (payment, index) => {
    await sleep(index * everyMs);
    if (!(await timed(bells, () => ring(system, payment)))) bellsFailed += 1;
    if (!(await timed(confirms, () => confirm(ask, payment)))) confirmsFailed += 1;
  }));
  return { confirms, confirmsFailed, bells, bellsFailed };
}

async function ring(system: WholeSystem, { body: { orderId } }: Approved): Promise<void> {
  const url = `${system.apps('booking')[0]!.url}${BOOKING_PREFIX}/webhooks/toss`;
  const body = JSON.stringify({ eventType: 'PAYMENT_STATUS_CHANGED', data: { orderId } });
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (!answer.ok) throw new StepFailed(`webhook ${answer.status}`);
}

const askerOf = (system: WholeSystem): Ask => async (step, client, path, headers, body) => {
  const url = `${system.apps(client)[0]!.url}${path}`;
  const answer = await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const reply = (await answer.json()) as { code?: string };
  if (answer.status >= 300 || answer.status === 202) throw new StepFailed(`${step} ${answer.status} ${reply.code ?? ''}`);
  return reply;
};
