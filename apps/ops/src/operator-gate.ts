import { createHash } from 'node:crypto';
import { ProblemError } from '@onsale/contract';
import {
  readOperatorSession, signIn, signOut, type OperatorRole, type OperatorStore, type SignedIn, type SignIn, type SignInThrottle,
} from '@onsale/control';
import { isUnavailable, within } from '@onsale/database';
import type { MonotonicClock } from '@onsale/kernel';
import { bearerOf } from '@onsale/runtime';
import type { FastifyRequest } from 'fastify';

/**
 * Who may pass. The database decides; while it is away, a token that it confirmed to this process before passes until its session would
 * have ended, so that an operator who is signed in can still pause a room. Nobody signs in while it is away.
 */
export type OperatorGate = {
  /** Throws bad-credentials, rate-limited. */
  signIn(attempt: SignIn): Promise<SignedIn & { readonly token: string }>;
  signOut(token: string): Promise<void>;
  /** Whose living session the token is of. Throws when neither the database nor the memory can tell. */
  read(token: string): Promise<SignedIn | undefined>;
  /** A preHandler: the bearer must be signed in, in one of these roles. Throws not-signed-in, forbidden. */
  guard(roles: readonly OperatorRole[]): (request: FastifyRequest) => Promise<void>;
  /** Who sent a request that has passed the guard. */
  operatorOf(request: FastifyRequest): SignedIn;
  /** Called with the token of everybody who signs out here. */
  onSignOut(listener: (token: string) => void): void;
};
export type OperatorGateOptions = OperatorStore & { readonly throttle: SignInThrottle; readonly monotonic: MonotonicClock; readonly askMs?: number };

/** Longest wait for the database about one token. */
const ASK_MS = 1_000;
/** Tokens remembered; past it the one that was seen longest ago is forgotten. */
const REMEMBERED_MAX = 1_000;

export function createOperatorGate({ pool, hasher, throttle, monotonic, askMs = ASK_MS }: OperatorGateOptions): OperatorGate {
  const memory = createMemory(monotonic);
  const operators = new WeakMap<FastifyRequest, SignedIn>();
  const listeners: ((token: string) => void)[] = [];
  const read = async (token: string): Promise<SignedIn | undefined> => {
    try {
      const who = await within(askMs, readOperatorSession(pool, token));
      memory.put(token, who);
      return who;
    } catch (error) {
      const who = isUnavailable(error) ? memory.get(token) : undefined;
      if (who === undefined) throw error;
      return who;
    }
  };
  return {
    read,
    async signIn(attempt) {
      const answer = await signIn({ pool, hasher, throttle }, attempt);
      if (answer.ok) return answer.value;
      const { refusal } = answer;
      if (refusal.kind === 'bad-credentials') throw new ProblemError('bad-credentials');
      throw new ProblemError('rate-limited', { retryAfterMs: refusal.retryAfterMs });
    },
    async signOut(token) {
      // First here, so that this process forgets the session even if the database cannot be told.
      memory.put(token, undefined);
      for (const listener of listeners) listener(token);
      await signOut(pool, token);
    },
    guard: (roles) => async (request) => {
      const token = bearerOf(request);
      const who = token === undefined ? undefined : await read(token);
      if (who === undefined) throw new ProblemError('not-signed-in');
      if (!roles.includes(who.role)) throw new ProblemError('forbidden');
      operators.set(request, who);
    },
    operatorOf(request) {
      const who = operators.get(request);
      if (who === undefined) throw new Error('a route behind the guard was reached without it');
      return who;
    },
    onSignOut: (listener) => { listeners.push(listener); },
  };
}

/** Confirmed sessions by the SHA-256 of their token; none outlives what the database said. */
function createMemory(monotonic: MonotonicClock) {
  const remembered = new Map<string, { readonly who: SignedIn; readonly untilMs: number }>();
  const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
  return {
    put(token: string, who: SignedIn | undefined): void {
      const key = keyOf(token);
      remembered.delete(key);
      if (who === undefined) return;
      remembered.set(key, { who, untilMs: monotonic() + who.remainingMs });
      if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string);
    },
    get(token: string): SignedIn | undefined {
      const known = remembered.get(keyOf(token));
      const remainingMs = known === undefined ? 0 : known.untilMs - monotonic();
      return known === undefined || remainingMs <= 0 ? undefined : { ...known.who, remainingMs };
    },
  };
}
