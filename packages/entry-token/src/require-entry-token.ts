import { createFailureLimiter, ok, refuse, sourceOf, type FailureLimits, type Result, type RoomId, type WallClock } from '@onsale/kernel';
import type { EntryClaims } from './claims.ts';
import { bindingOf, parseHolderSecret } from './holder.ts';
import type { PublicKeys } from './key-ring.ts';
import { verifyEntryToken, type EntryTokenRefusal } from './verify.ts';

/**
 * The guard for a door, ours or a foreign server's: checks the bearer token, its holder and how often this source has failed. It opens nothing
 * by itself: a token is good once, so whoever lets the holder in must then redeem it with the waiting room (POST /rooms/:room/redeem).
 *
 *   const guard = createEntryGuard({ keys, room, clock });
 *   const passed = guard({ token, holderSecret: request.headers['x-client-key'], address: request.ip });
 */
export type EntryGuardRefusal =
  | { readonly kind: Exclude<EntryTokenRefusal['kind'], 'throttled'> | 'no-token' | 'no-identity' }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number };

export type EntryGuardOptions = {
  readonly keys: PublicKeys;
  readonly clock: WallClock;
  readonly room?: RoomId;
  readonly iss?: string;
  readonly limits?: FailureLimits;
};

export type EntryAttempt = {
  /** The compact token, or a whole `Bearer …` header. */
  readonly token: string | undefined;
  /** The holder's secret: from the device cookie, or `clientKey`. */
  readonly holderSecret: string | undefined;
  readonly address: string;
  readonly epoch?: number;
};

export type EntryGuard = (attempt: EntryAttempt) => Result<EntryClaims, EntryGuardRefusal>;

/** Refusals in order: no-token, no-identity, then those of `verifyEntryToken`. Forged signatures of one source are throttled before they cost. */
export function createEntryGuard({ keys, clock, room, iss, limits }: EntryGuardOptions): EntryGuard {
  const limiter = createFailureLimiter(limits);
  return ({ token, holderSecret, address, epoch }) => {
    if (token === undefined || token === '') return refuse({ kind: 'no-token' });
    const secret = parseHolderSecret(holderSecret);
    if (!secret.ok) return refuse({ kind: 'no-identity' });
    const nowMs = clock();
    const source = sourceOf(address);
    let retryAfterMs = 0;
    const maySpend = (): boolean => {
      retryAfterMs = limiter.waitOf(source, nowMs);
      return retryAfterMs === 0;
    };
    const bare = token.startsWith('Bearer ') ? token.slice(7) : token;
    const verified = verifyEntryToken(bare, {
      keys, nowMs, binding: bindingOf(secret.value), maySpend,
      ...(room === undefined ? {} : { room }), ...(iss === undefined ? {} : { iss }), ...(epoch === undefined ? {} : { epoch }),
    });
    if (verified.ok) return ok(verified.value);
    const { kind } = verified.refusal;
    if (kind === 'throttled') return refuse({ kind, retryAfterMs });
    if (kind === 'bad-signature') limiter.fail(source, nowMs);
    return refuse({ kind });
  };
}
