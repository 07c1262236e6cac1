import type { EntryReply, SessionReply } from '@onsale/contract';
import { BOOKING, call, type Answer } from '../shared/api.ts';

/**
 * From the turn into booking: a token from the waiting room, redeemed at booking for a session that comes back as an HttpOnly cookie.
 * Both may be asked again: the same place gives the same token, the same token the same session. While either is away or short of breath
 * the waiting room keeps the place for as long as the token lasts, and a new token lasts anew; so the page goes on asking.
 */
const TRY_MS_MAX = 20 * 60_000;
const RETRY_MS = { first: 1_500, most: 6_000 };

/** `onLate`: told after each try that came to nothing; `kept` once the waiting room has given the token. */
export async function enterBooking(askToken: () => Promise<Answer<EntryReply>>, onLate: (kept: boolean) => Promise<void>): Promise<Answer<EntryReply>> {
  const giveUpAt = performance.now() + TRY_MS_MAX;
  for (let tries = 1; ; tries += 1) {
    const entry = await askToken();
    const answer = entry.ok ? await call<SessionReply>(`${BOOKING}/entry`, { method: 'POST', body: { entryToken: entry.body.entryToken } }) : entry;
    if (answer.ok) return entry;
    if (!mayPass(answer.status) || performance.now() > giveUpAt) return answer;
    await onLate(entry.ok);
    await new Promise((resolve) => setTimeout(resolve, pauseMs(tries, answer.retryAfterMs)));
  }
}

/** No answer, a server that cannot now, too many at once: all of them pass. */
const mayPass = (status: number): boolean => status === 0 || status === 429 || status >= 500;
/** Spread, so that a crowd that was kept out together does not come back together. */
const pauseMs = (tries: number, advisedMs: number | null): number =>
  Math.max(advisedMs ?? 0, Math.min(RETRY_MS.most, RETRY_MS.first * 1.5 ** (tries - 1))) * (1 + Math.random() / 2);
