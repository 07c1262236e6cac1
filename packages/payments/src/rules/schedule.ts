import { HOUR_MS, MINUTE_MS, SECOND_MS } from '@onsale/kernel';

/** Time-outs of calls to the provider, in milliseconds (its documentation names none for confirm; the field uses 10–60 s). */
export const CONNECT_TIMEOUT_MS = 3 * SECOND_MS;
/** From the asking until the request is on a socket: waiting for a free one, and connecting. Past it nothing was sent. */
export const DISPATCH_TIMEOUT_MS = 5 * SECOND_MS;
/** From there on. */
export const CONFIRM_TIMEOUT_MS = 30 * SECOND_MS;
export const QUERY_TIMEOUT_MS = 10 * SECOND_MS;

/**
 * When the resolver first looks at an attempt whose process may have died in the middle of the confirm: later than any
 * confirm that is still under way, so that a living process is not overtaken.
 */
export const FIRST_LOOK_MS = CONFIRM_TIMEOUT_MS + DISPATCH_TIMEOUT_MS + 2 * SECOND_MS;

/** How long a resolver keeps an attempt it has claimed: a look-up and a confirm with their time-outs, and the transaction. */
export const CONFIRM_LEASE_MS = CONFIRM_TIMEOUT_MS + QUERY_TIMEOUT_MS + 20 * SECOND_MS;

const LOOK_CAP_MS = 30 * SECOND_MS;
const RELEASED_LOOK_CAP_MS = HOUR_MS;
/** The seats of a payment whose provider has answered nothing for this long go back on sale. */
export const UNREACHABLE_RELEASE_MS = 30 * MINUTE_MS;
/**
 * A provider that answers, but never conclusively, is given up on after this. Its own clocks end every unconfirmed
 * payment within 10 minutes, so this only bounds a provider that contradicts its documentation.
 */
export const INCONCLUSIVE_RELEASE_MS = 2 * HOUR_MS;

/** 1, 2, 4, 8, 16, 30, 30 … seconds after look number `looks` (counted from 0). */
export const lookDelayMs = (looks: number): number => Math.min(LOOK_CAP_MS, SECOND_MS * 2 ** Math.min(looks, 10));

/** After a release nobody waits at a screen: 1, 2, 4 … 60 minutes. */
export const releasedLookDelayMs = (looks: number): number => Math.min(RELEASED_LOOK_CAP_MS, MINUTE_MS * 2 ** Math.min(looks, 10));

/** The provider refuses two cancels of one payment within about a second. */
export const CANCEL_SPACING_MS = 1_200;
/** A refund that the provider refuses for good stays due, flagged for a person, and is asked again this often. */
export const REFUSED_REFUND_RETRY_MS = HOUR_MS;

export type Patience = {
  /** Since when the attempt has been confirming, in ms. */
  readonly confirmingForMs: number;
  /** Since the provider last answered anything, in ms. */
  readonly unreachableForMs: number;
};

/** Whether seats in `confirming` go back although the answer is still out. */
export const outOfPatience = (patience: Patience): boolean =>
  patience.unreachableForMs >= UNREACHABLE_RELEASE_MS || patience.confirmingForMs >= INCONCLUSIVE_RELEASE_MS;
