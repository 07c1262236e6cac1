import { ok, refuse, type Result } from '@onsale/kernel';

/**
 * One attempt to pay an order: one provider order id, never used again.
 *
 *    open             the buyer comes back         DONE, right amount, seats ours
 *   ─────► prepared ─────────────────────► confirming ───────────────────────────► done
 *             │                              │  │  └── DONE, not ours to keep ───► returning ──refunded──► returned
 *             │ another attempt was opened,  │  └───── definite refusal ─────────► refused
 *             │ the hold ended, given up     └──────── unreachable for 30 min ───► unknown-released
 *             ▼
 *         abandoned
 *
 * A late DONE also reaches `refused`, `unknown-released` and `abandoned`: the same seats are re-taken (`done`) or the
 * money goes back (`returning`). So money that was captured is in `done`, `returning` or `returned`, and nowhere else.
 * `confirming` ends by the provider's answer, never by our clock (B5); only a provider that cannot be reached releases.
 */
export const ATTEMPT_STATES = ['prepared', 'confirming', 'done', 'refused', 'unknown-released', 'abandoned', 'returning', 'returned'] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

export const ATTEMPT_MOVES = ['confirm', 'abandon', 'capture', 'give-back', 'refuse', 'release', 'refunded'] as const;
export type AttemptMove = (typeof ATTEMPT_MOVES)[number];

const TABLE: Record<AttemptState, Partial<Record<AttemptMove, AttemptState>>> = {
  prepared: { confirm: 'confirming', abandon: 'abandoned' },
  confirming: { capture: 'done', 'give-back': 'returning', refuse: 'refused', release: 'unknown-released' },
  'unknown-released': { capture: 'done', 'give-back': 'returning', refuse: 'refused' },
  refused: { capture: 'done', 'give-back': 'returning' },
  abandoned: { capture: 'done', 'give-back': 'returning' },
  returning: { refunded: 'returned' },
  done: {},
  returned: {},
};

export type MoveRefusal = { readonly kind: 'attempt-not-in-state'; readonly state: AttemptState; readonly move: AttemptMove };

export function moveAttempt(state: AttemptState, move: AttemptMove): Result<AttemptState, MoveRefusal> {
  const next = TABLE[state][move];
  return next === undefined ? refuse({ kind: 'attempt-not-in-state', state, move }) : ok(next);
}

/** The states from which `move` is legal: what a compare-and-set names in its WHERE. */
export const statesBefore = (move: AttemptMove): AttemptState[] => ATTEMPT_STATES.filter((state) => TABLE[state][move] !== undefined);

/** The state `move` leads to; every move leads to one state only (checked by a test). */
export function stateAfter(move: AttemptMove): AttemptState {
  for (const state of ATTEMPT_STATES) {
    const next = TABLE[state][move];
    if (next !== undefined) return next;
  }
  throw new Error(`no state accepts ${move}`);
}

/** States in which the provider holds, or may hold, the buyer's money. */
export const holdsMoney = (state: AttemptState): boolean => state === 'done' || state === 'returning' || state === 'confirming' || state === 'unknown-released';

/** States the resolver still asks the provider about. */
export const AWAITING_ANSWER: readonly AttemptState[] = ['confirming', 'unknown-released'];

/** Attempts per order: far more than a person needs, few enough for two characters of the provider order id. */
export const ATTEMPTS_PER_ORDER = 20;
