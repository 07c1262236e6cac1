/**
 * How long one request may take, counted from its head, growing outwards: whoever is further out waits longer, so that a fan reads the answer of
 * the app, which knows what happened, and not a proxy's guess.
 *
 *   app: budget ──► gateway: + GATEWAY_MARGIN_MS ──► nginx: + PROXY_MARGIN_MS
 *
 * A route that needs another budget than BUDGET_MS says so in `routes.ts`.
 */
export const BUDGET_MS = 15_000;
/** Booking waits for the payment provider (30 s at most) and its first look-ups (7 s). */
export const CONFIRM_BUDGET_MS = 45_000;
/** What one fan asks for and many get: read from memory, and asked again in a moment. */
export const SHARED_BUDGET_MS = 5_000;
export const GATEWAY_MARGIN_MS = 500;
export const PROXY_MARGIN_MS = 1_000;
