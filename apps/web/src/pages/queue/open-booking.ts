import type { EntryReply, SessionReply } from '@onsale/contract';
import { BOOKING, call, type Answer } from '../shared/api.ts';

/** Booking may be short of breath when a crowd enters: the entry token waits, so the page asks again. */
const TRIES_MAX = 5;
const RETRY_MS = 1_500;

/** Redeems the entry token; the session comes back as an HttpOnly cookie. Redeeming again from here is the same session. */
export async function openBooking(entry: EntryReply): Promise<Answer<SessionReply>> {
  for (let tries = 1; ; tries += 1) {
    const answer = await call<SessionReply>(`${BOOKING}/entry`, { method: 'POST', body: { entryToken: entry.entryToken } });
    if (answer.ok || tries >= TRIES_MAX || (answer.status !== 503 && answer.code !== 'offline')) return answer;
    await new Promise((resolve) => setTimeout(resolve, answer.retryAfterMs ?? RETRY_MS));
  }
}
