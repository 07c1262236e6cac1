import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, type Random } from '@onsale/kernel';
import { request, type Dispatcher } from 'undici';
import { seoulMicroseconds, type SandboxClock } from './clock.ts';

/** Toss tries again after these minutes when it does not get exactly 200 within 10 s. */
export const RETRY_LADDER_MINUTES = [1, 4, 16, 64, 256, 1_024, 4_096] as const;
export const ANSWER_WITHIN_MS = 10_000;
/** Bells waiting or ringing; more are lost, as they may be in life. */
export const PENDING_MAX = 5_000;

export type BellSettings = {
  /** Where webhooks go; null: nowhere. */
  readonly url: string | null;
  /** What one of Toss' minutes lasts here, in ms. */
  readonly minuteMs: number;
  /** Chances in 0…1 that a bell is lost for good, or rung twice. */
  readonly loss: number;
  readonly duplicate: number;
  /** Every bell waits a random time up to this: with it they overtake each other. */
  readonly delayMaxMs: number;
  readonly seed: string;
};
export const QUIET: BellSettings = { url: null, minuteMs: 1_000, loss: 0, duplicate: 0, delayMaxMs: 0, seed: '' };

export type BellCounts = { readonly rung: number; readonly accepted: number; readonly retried: number; readonly lost: number; readonly pending: number };
export type Bells = {
  readonly configure: (settings: BellSettings) => void;
  /** Sends `PAYMENT_STATUS_CHANGED` with this Payment object, unsigned as in life. Returns at once. */
  readonly ring: (payment: Record<string, unknown>) => void;
  readonly counts: () => BellCounts;
  readonly close: () => Promise<void>;
};

export function createBells(clock: SandboxClock, initial: BellSettings = QUIET): Bells {
  let settings = initial;
  let random: Random = seededRandom(initial.seed);
  const stopping = new AbortController();
  const pending = new Set<Promise<void>>();
  const counts = { rung: 0, accepted: 0, retried: 0, lost: 0 };

  const deliver = async (body: string, { url, minuteMs, delayMaxMs }: BellSettings): Promise<void> => {
    if (url === null) return;
    const id = randomUUID();
    await sleep(random() * delayMaxMs, undefined, { signal: stopping.signal });
    for (const [retried, wait] of [0, ...RETRY_LADDER_MINUTES].entries()) {
      if (wait > 0) await sleep(wait * minuteMs, undefined, { signal: stopping.signal });
      if (retried > 0) counts.retried += 1;
      counts.rung += 1;
      if (await post(url, body, { id, retried, sentAt: clock.now(), signal: stopping.signal })) {
        counts.accepted += 1;
        return;
      }
    }
  };
  const start = (body: string): void => {
    if (pending.size >= PENDING_MAX) {
      counts.lost += 1;
      return;
    }
    const delivery: Promise<void> = deliver(body, settings)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) throw error;
      })
      .finally(() => pending.delete(delivery));
    pending.add(delivery);
  };

  return {
    configure: (next) => {
      settings = next;
      random = seededRandom(next.seed);
    },
    ring: (payment) => {
      if (settings.url === null || stopping.signal.aborted) return;
      if (random() < settings.loss) {
        counts.lost += 1;
        return;
      }
      const body = JSON.stringify({ eventType: 'PAYMENT_STATUS_CHANGED', createdAt: seoulMicroseconds(clock.now()), data: payment });
      start(body);
      if (random() < settings.duplicate) start(body);
    },
    counts: () => ({ ...counts, pending: pending.size }),
    close: async () => {
      stopping.abort();
      await Promise.all(pending);
    },
  };
}

type Posting = { readonly id: string; readonly retried: number; readonly sentAt: number; readonly signal: AbortSignal };

/** True when the answer was exactly 200 in time. */
async function post(url: string, body: string, { id, retried, sentAt, signal }: Posting): Promise<boolean> {
  let response: Dispatcher.ResponseData;
  try {
    response = await request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'tosspayments-webhook-transmission-time': new Date(sentAt).toISOString(),
        'tosspayments-webhook-transmission-retried-count': String(retried),
        'tosspayments-webhook-transmission-id': id,
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    await response.body.dump({ limit: 65_536 });
  } catch {
    signal.throwIfAborted();
    return false;
  }
  return response.statusCode === 200;
}
