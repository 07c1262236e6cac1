import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import {
  createFailureLimiter, createProofChecks, refuse, SECOND_MS, sourceOf, type FailureLimits, type ProofCheckBounds, type Result, type RoomId, type Sleep,
  type WallClock,
} from '@onsale/kernel';
import type { EntryClaims } from './claims.ts';
import { bindingOf, parseHolderSecret } from './holder.ts';
import type { PublicKeys } from './key-ring.ts';
import { verifyEntryToken, type EntryTokenRefusal } from './verify.ts';

/**
 * The guard for a door, ours or a foreign server's: checks the bearer token, its holder and how often this source has forged. It opens nothing
 * by itself: a token is good once, so whoever lets the holder in must then redeem it with the waiting room (POST /rooms/:room/redeem).
 *
 *   const guard = createEntryGuard({ keys, room, clock });
 *   const passed = await guard({ token, holderSecret: request.headers['x-client-key'], address: request.ip });
 */
export type EntryGuardRefusal =
  | { readonly kind: EntryTokenRefusal['kind'] | 'no-token' | 'no-identity' }
  | { readonly kind: 'throttled' | 'busy'; readonly retryAfterMs: number };

export type EntryGuardOptions = {
  readonly keys: PublicKeys;
  readonly clock: WallClock;
  readonly room?: RoomId;
  readonly iss?: string;
  readonly limits?: FailureLimits;
  readonly sleep?: Sleep;
};

export type EntryAttempt = {
  /** The compact token, or a whole `Bearer …` header. */
  readonly token: string | undefined;
  /** The holder's secret: from the device cookie, or `clientKey`. */
  readonly holderSecret: string | undefined;
  readonly address: string;
  readonly epoch?: number;
};

export type EntryGuard = (attempt: EntryAttempt) => Promise<Result<EntryClaims, EntryGuardRefusal>>;

/** A check takes up to 0.1 ms of the event loop: so many a turn, and a queue of a fraction of a second. */
const CHECKS: ProofCheckBounds = { atOnce: 8, waitingMax: 2_000, waitMaxMs: 2 * SECOND_MS, suspectsWaitingMax: 200, suspectPauseMs: 0 };
const BUSY_RETRY_MS = SECOND_MS;
const pause: Sleep = (ms) => (ms === 0 ? nextTurn() : delay(ms, undefined, { ref: false }));

/**
 * Refusals in order: no-token, no-identity, busy, then those of `verifyEntryToken`. A forged signature of a source that has shown too many is
 * `throttled`; a sound token passes whatever its source has shown before.
 */
export function createEntryGuard({ keys, clock, room, iss, limits, sleep = pause }: EntryGuardOptions): EntryGuard {
  const checks = createProofChecks({ ...CHECKS, failures: createFailureLimiter(limits), clock, sleep });
  const expected = { keys, ...(room === undefined ? {} : { room }), ...(iss === undefined ? {} : { iss }) };
  return async ({ token, holderSecret, address, epoch }) => {
    if (token === undefined || token === '') return refuse({ kind: 'no-token' });
    const secret = parseHolderSecret(holderSecret);
    if (!secret.ok) return refuse({ kind: 'no-identity' });
    const bare = token.startsWith('Bearer ') ? token.slice(7) : token;
    const verify = async (): Promise<Result<EntryClaims, EntryTokenRefusal>> => {
      await nextTurn();
      return verifyEntryToken(bare, { ...expected, nowMs: clock(), binding: bindingOf(secret.value), ...(epoch === undefined ? {} : { epoch }) });
    };
    const checked = await checks.check(sourceOf(address), verify, (answer) => !answer.ok && answer.refusal.kind === 'bad-signature');
    if (checked.waitMs > 0) return refuse({ kind: 'throttled', retryAfterMs: checked.waitMs });
    if (checked.kind === 'busy') return refuse({ kind: 'busy', retryAfterMs: BUSY_RETRY_MS });
    return checked.answer;
  };
}
