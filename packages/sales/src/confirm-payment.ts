import { moveOrder, type TicketOrder } from '@onsale/booking';
import { isUnavailable } from '@onsale/database';
import { invariant, ok, refuse, unreachable, type Result } from '@onsale/kernel';
import { compareAmount, FIRST_LOOK_MS, lookDelayMs, readAttempt, startConfirming, type Attempt, type Verdict } from '@onsale/payments';
import { askToConfirm, carryOut, lookUp } from './ask-provider.ts';
import { refuseAlongside, salesRefusal } from './command-refusal.ts';
import type { SalesContext, SalesRefusal } from './context.ts';
import { readStanding, standingOf, type Standing } from './standing.ts';

export type ConfirmRequest = {
  readonly order: TicketOrder;
  readonly n: number;
  /** What the window's redirect carried; only compared with what is stored (B6). */
  readonly paymentKey: string;
  readonly providerOrderId: string;
  readonly amount: number;
};
/** `pending`: the provider's answer is out; ask for the order again in a few seconds. `returning`: captured, no seats: refunded by itself. */
export type Confirmed = { readonly kind: 'paid' } | { readonly kind: 'pending' } | { readonly kind: 'returning' };

const PAYMENT_KEY = /^[\x21-\x7e]{1,200}$/;
/** Looks that the buyer's own request waits for: 1 + 2 + 4 s. After that the page polls and the resolver goes on. */
const LOOKS_IN_REQUEST = 3;

/**
 * The buyer is back from the payment window.
 *
 *   compare amount and ids ──► one transaction: hold live → confirming, order, attempt prepared → confirming
 *      ──► provider.confirm (no transaction open) ──► verdict ──► paid · refused · returning
 *                                                        └── unknown: look up after 1, 2, 4 s ──► … · pending
 *
 * Guarantees: the provider is called only for seats that are held, by one caller at a time; a crash anywhere leaves an
 * attempt that the resolver finds; a request made again is answered by where the attempt stands.
 */
export async function confirmPayment(context: SalesContext, request: ConfirmRequest): Promise<Result<Confirmed, SalesRefusal>> {
  const { order, n, paymentKey } = request;
  const attempt = await readAttempt(context.database.money, { order: order.id, n });
  if (attempt === undefined || attempt.providerOrderId !== request.providerOrderId) return refuse({ kind: 'no-attempt' });
  const amount = compareAmount(attempt.amount, request.amount);
  if (!amount.ok) return amount;
  if (!PAYMENT_KEY.test(paymentKey)) return refuse({ kind: 'bad-payment-key' });
  if (attempt.state !== 'prepared') return answerAgain(attempt);
  const started = await start(context, attempt, paymentKey);
  if (!started.ok) return started;
  return answerOf(await confirmNow(context, started.value, order));
}

/** hold, order and attempt → confirming in one transaction; gives the attempt as it is now, or the refusal. */
async function start(context: SalesContext, prepared: Attempt, paymentKey: string): Promise<Result<Attempt, SalesRefusal>> {
  const { order, n, show, hold, id } = prepared;
  const confirmer = context.newId();
  const answer = await context.engine.submit({ kind: 'confirming', show, hold, order, attempt: id }, async (tx) => {
    if (!(await moveOrder(tx, order, 'confirming', { from: ['paying'] }))) throw refuseAlongside({ kind: 'order-state', state: 'not paying' });
    const begun = await startConfirming(tx, { order, n }, { paymentKey, confirmer, firstLookMs: FIRST_LOOK_MS });
    if (!begun) throw refuseAlongside({ kind: 'payment-in-progress' });
  });
  if (!answer.ok) return refuse(salesRefusal(answer.refusal));
  if (!answer.value.again) return ok({ ...prepared, state: 'confirming', paymentKey, confirmer, asks: 1 });
  const attempt = await readAttempt(context.database.money, { order, n });
  invariant(attempt !== undefined, 'an attempt vanished');
  // `again` is either our own commit, whose answer was lost, or another tab's: the confirmer tells which.
  return attempt.confirmer === confirmer && attempt.state === 'confirming' ? ok(attempt) : refuse({ kind: 'payment-in-progress' });
}

type Heard = { readonly standing: Standing; readonly verdict: Verdict };

async function confirmNow(context: SalesContext, started: Attempt, order: TicketOrder): Promise<Heard> {
  let attempt = started;
  let verdict = await askToConfirm(context, attempt);
  for (let looks = 0; ; looks += 1) {
    const last = looks >= LOOKS_IN_REQUEST;
    // While this request goes on looking, the resolver keeps its distance.
    const nextLookMs = last ? lookDelayMs(looks) : lookDelayMs(looks) + FIRST_LOOK_MS;
    const standing = await orPending(context, () => carryOut(context, attempt, verdict, { nextLookMs, order }));
    if (standing.kind !== 'pending' || last) return { standing, verdict };
    await context.sleep(lookDelayMs(looks));
    const now = await orPending(context, () => readAttempt(context.database.money, attempt));
    if (now === undefined || (!isPending(now) && now.state !== 'confirming')) return { standing: await readStanding(context, attempt), verdict };
    if (!isPending(now)) attempt = now;
    // The provider has spoken, only our own database could not write it down: the same word is carried out again.
    if (verdict.kind === 'unknown' || verdict.kind === 'ask-again') verdict = await lookUp(context, attempt);
  }
}

type Pending = { readonly kind: 'pending' };
const isPending = (value: object): value is Pending => 'kind' in value && value.kind === 'pending';

/** A database that is busy or away once the buyer's money is on its way is no reason to give up: the resolver finds the attempt. */
async function orPending<Value>(context: SalesContext, work: () => Promise<Value>): Promise<Value | Pending> {
  try {
    return await work();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    context.onFault?.('confirm-payment', error);
    return { kind: 'pending' };
  }
}

function answerOf({ standing, verdict }: Heard): Result<Confirmed, SalesRefusal> {
  switch (standing.kind) {
    case 'paid':
    case 'pending':
    case 'returning':
      return ok(standing);
    case 'refused':
      if (verdict.kind === 'refused') return refuse({ kind: 'payment-refused', code: verdict.code, advice: verdict.advice, message: verdict.message });
      return refuse({ kind: 'payment-refused', code: standing.code ?? 'UNKNOWN', advice: 'pay-again', message: '' });
    case 'released':
    case 'abandoned':
      return refuse({ kind: 'attempt-over', state: standing.kind });
    default:
      return unreachable(standing);
  }
}

/** A confirm of an attempt that somebody has confirmed already: a second tab, or a reload of the success page. */
function answerAgain(attempt: Attempt): Result<Confirmed, SalesRefusal> {
  if (attempt.state === 'confirming') return refuse({ kind: 'payment-in-progress' });
  const standing = standingOf(attempt);
  if (standing.kind === 'paid' || standing.kind === 'returning') return ok(standing);
  if (standing.kind === 'refused') return refuse({ kind: 'payment-refused', code: standing.code ?? 'UNKNOWN', advice: 'pay-again', message: '' });
  return refuse({ kind: 'attempt-over', state: attempt.state });
}
