import { unreachable } from '@onsale/kernel';
import {
  confirmKey, FIRST_LOOK_MS, judgeConfirm, judgeLookUp, lookDelayMs, noteAsk, noteUnknown, releasedLookDelayMs, stopLooking,
  type Attempt, type Expected, type Verdict,
} from '@onsale/payments';
import type { SalesContext } from './context.ts';
import { giveBack } from './give-back.ts';
import { refusePayment } from './refuse-payment.ts';
import { settle, type SettlingOrder } from './settle.ts';
import { readStanding, type Standing } from './standing.ts';

/** Where provider calls are made: strictly between transactions. Nothing here holds a connection while the provider thinks. */

const expectedOf = ({ providerOrderId, amount, currency }: Attempt): Expected => ({ providerOrderId, amount, currency });

/** One confirm call for an attempt that is `confirming`; `attempt.asks` counts it already. */
export async function askToConfirm(context: SalesContext, attempt: Attempt): Promise<Verdict> {
  const { providerOrderId, amount, paymentKey } = attempt;
  if (paymentKey === null) return { kind: 'unknown', lastWord: 'silence', code: null, reachable: false };
  const answer = await context.provider.confirm({ paymentKey, providerOrderId, amount, idempotencyKey: confirmKey(attempt) });
  return judgeConfirm(answer, { ...expectedOf(attempt), earlierCalls: attempt.asks - 1 });
}

/** What is known when nobody knows: looks the payment up, and asks again where that is what is missing. */
export async function lookUp(context: SalesContext, attempt: Attempt): Promise<Verdict> {
  const { lastWord, lastCode, paymentKey } = attempt;
  const answer = await context.provider.paymentByOrderId(attempt.providerOrderId);
  const verdict = judgeLookUp(answer, { ...expectedOf(attempt), lastWord, lastCode, paymentKey });
  if (verdict.kind !== 'ask-again') return verdict;
  // Seats that went back are not bought behind the buyer's back: only what was captured already still counts.
  if (attempt.state !== 'confirming') return { kind: 'unknown', lastWord, code: lastCode, reachable: true };
  const noted = await noteAsk(context.database.money, attempt, { newKey: verdict.newKey, firstLookMs: FIRST_LOOK_MS });
  if (!noted) return { kind: 'unknown', lastWord, code: lastCode, reachable: true };
  return askToConfirm(context, { ...attempt, asks: attempt.asks + 1, keyNo: attempt.keyNo + (verdict.newKey ? 1 : 0) });
}

export type CarryOutOptions = {
  /** When the resolver takes over if it is still unknown; default: by the schedule. */
  readonly nextLookMs?: number;
  /** The attempt's order, if the caller has read it. */
  readonly order?: SettlingOrder;
};

/** Carries a verdict out. */
export async function carryOut(context: SalesContext, attempt: Attempt, verdict: Verdict, { nextLookMs, order }: CarryOutOptions = {}): Promise<Standing> {
  switch (verdict.kind) {
    case 'captured':
      return settle(context, attempt, verdict.payment, order);
    case 'misfit':
      return giveBack(context, attempt, verdict.payment, verdict.why);
    case 'refused':
      return refusePayment(context, attempt, verdict);
    case 'ask-again':
    case 'unknown':
      return remember(context, attempt, verdict, nextLookMs);
    default:
      return unreachable(verdict);
  }
}

async function remember(
  context: SalesContext, attempt: Attempt, verdict: Extract<Verdict, { readonly kind: 'unknown' | 'ask-again' }>, nextLookMs: number | undefined,
): Promise<Standing> {
  if (attempt.state === 'refused' || attempt.state === 'abandoned') {
    // A bell made us look at an attempt that is over, and nothing has been captured: the next bell will say if that changes.
    if (verdict.kind === 'unknown' && verdict.reachable) await stopLooking(context.database.money, attempt);
    return readStanding(context, attempt);
  }
  const { lastWord, code, reachable } = verdict.kind === 'unknown' ? verdict : { lastWord: attempt.lastWord, code: attempt.lastCode, reachable: true };
  const wait = attempt.state === 'confirming' ? lookDelayMs(attempt.looks) : releasedLookDelayMs(attempt.looks);
  await noteUnknown(context.database.money, attempt, { lastWord, code, reachable, nextLookMs: nextLookMs ?? wait });
  return { kind: 'pending' };
}
