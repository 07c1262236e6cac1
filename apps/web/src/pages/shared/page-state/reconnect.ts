import { closeCodes } from '@onsale/contract';

/** What the page does after its socket closed: come back after `delayMs`, ask for its place first, or only poll. */
export type AfterClose = { readonly kind: 'reconnect'; readonly delayMs: number } | { readonly kind: 'ask-place' } | { readonly kind: 'poll-only' };

const FIRST_SPAN_MS = 30_000;
const LAST_SPAN_MS = 60_000;
/** A restart spreads its clients itself, over at most this long. */
const SPREAD_MS_MAX = 60_000;

/**
 * `random` in [0, 1). Full jitter over 30 s, then 60 s, so that a crowd does not come back as one; polling bridges the gap.
 * A restart (1012) tells each client its own delay in the reason text.
 */
export function afterClose(code: number, reason: string, attempt: number, random: number): AfterClose {
  const advice = Object.values(closeCodes).find((entry) => entry.code === code)?.reconnect;
  switch (advice) {
    case 'never':
      return { kind: 'poll-only' };
    case 'join':
      return { kind: 'ask-place' };
    case 'spread': {
      const told = Number(reason);
      if (reason !== '' && Number.isFinite(told) && told >= 0) return { kind: 'reconnect', delayMs: Math.min(told, SPREAD_MS_MAX) };
      return { kind: 'reconnect', delayMs: random * FIRST_SPAN_MS };
    }
    default:
      return { kind: 'reconnect', delayMs: random * Math.min(LAST_SPAN_MS, FIRST_SPAN_MS * 2 ** attempt) };
  }
}
