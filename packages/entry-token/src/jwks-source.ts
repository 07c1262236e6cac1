import { MINUTE_MS, SECOND_MS, type MonotonicClock } from '@onsale/kernel';
import { publicKeysOf, type PublicKeyEntry, type PublicKeys } from './key-ring.ts';

/**
 * Public keys of another server, kept fresh: loaded at the start, again every `refreshMs`, and at once when a token names a kid that is
 * not known, but never more often than every `leastMs` (a forger's made-up kids must not turn into requests). A load that fails keeps
 * what is known. `load` fetches the JWKS document; its deadline is its own.
 */
export type JwksSource = PublicKeys & {
  /** Loads now; throws if nothing is known afterwards. */
  start(): Promise<void>;
  /** Call from a loop or a timer; loads when it is time. */
  refresh(): Promise<void>;
};

export const JWKS_REFRESH_MS = 5 * MINUTE_MS;
export const JWKS_LEAST_MS = 10 * SECOND_MS;

export type JwksSourceOptions = {
  readonly load: () => Promise<unknown>;
  readonly clock: MonotonicClock;
  readonly onError?: (error: unknown) => void;
  readonly refreshMs?: number;
  readonly leastMs?: number;
};

export function createJwksSource({ load, clock, onError, refreshMs = JWKS_REFRESH_MS, leastMs = JWKS_LEAST_MS }: JwksSourceOptions): JwksSource {
  let keys: PublicKeys | undefined;
  let triedAt = -Infinity;
  let underWay: Promise<void> | undefined;
  const reload = (): Promise<void> => {
    triedAt = clock();
    underWay ??= load()
      .then((document) => { keys = publicKeysOf(document); })
      .catch((error: unknown) => onError?.(error))
      .finally(() => { underWay = undefined; });
    return underWay;
  };
  return {
    async start() {
      await reload();
      if (keys === undefined) throw new Error('no public keys: the first JWKS load failed');
    },
    refresh: async () => {
      if (clock() - triedAt >= refreshMs) await reload();
    },
    find(kid, nowMs): PublicKeyEntry | undefined {
      const entry = keys?.find(kid, nowMs);
      if (entry === undefined && clock() - triedAt >= leastMs) void reload();
      return entry;
    },
  };
}
