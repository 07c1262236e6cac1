import { createHash, createHmac, randomBytes } from 'node:crypto';
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
  /** Throws bad-credentials, rate-limited, overloaded. */
  signIn(attempt: SignIn): Promise<SignedIn & { readonly token: string }>;
  signOut(token: string): Promise<void>;
  /** Whose living session the token is of. Throws when neither the database nor the memory can tell. */
  read(token: string): Promise<SignedIn | undefined>;
  /** A preHandler: the bearer must be signed in, in one of these roles. Throws not-signed-in, forbidden. */
  guard(roles: readonly OperatorRole[]): (request: FastifyRequest) => Promise<void>;
  /** The same of a token that came otherwise. */
  enter(token: string | undefined, roles: readonly OperatorRole[]): Promise<SignedIn>;
  /** Who sent a request that has passed the guard. Throws forbidden when the route asks for a role they do not have. */
  operatorOf(request: FastifyRequest, roles?: readonly OperatorRole[]): SignedIn;
  /** Called with the token of everybody who signs out here. */
  onSignOut(listener: (token: string) => void): void;
};
export type OperatorGateOptions = OperatorStore & {
  readonly throttle: SignInThrottle;
  readonly monotonic: MonotonicClock;
  readonly onRefused: (refused: Refused) => void;
  readonly askMs?: number;
};
/** For the log: who was refused what. No secret, and no name that nobody has (a password is easily typed into the wrong field). */
export type Refused = {
  readonly what: 'bad-credentials' | 'too-many-attempts' | 'busy' | 'forbidden';
  readonly operator: string | null;
  /** Tells sources apart without naming an address. */
  readonly from?: string;
};

/** Longest wait for the database about one token. */
const ASK_MS = 1_000;
/** Tokens remembered; past it the one that was seen longest ago is forgotten. */
const REMEMBERED_MAX = 1_000;

export function createOperatorGate({ pool, hasher, throttle, monotonic, onRefused, askMs = ASK_MS }: OperatorGateOptions): OperatorGate {
  const memory = createMemory(monotonic);
  const salt = randomBytes(16);
  const tagOf = (source: string): string => createHmac('sha256', salt).update(source).digest('hex').slice(0, 8);
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
  const inRole = (who: SignedIn, roles: readonly OperatorRole[]): SignedIn => {
    if (roles.includes(who.role)) return who;
    onRefused({ what: 'forbidden', operator: who.name });
    throw new ProblemError('forbidden');
  };
  const enter = async (token: string | undefined, roles: readonly OperatorRole[]): Promise<SignedIn> => {
    const who = token === undefined ? undefined : await read(token);
    if (who === undefined) throw new ProblemError('not-signed-in');
    return inRole(who, roles);
  };
  return {
    read,
    async signIn(attempt) {
      const answer = await signIn({ pool, hasher, throttle }, attempt);
      if (answer.ok) return answer.value;
      const { refusal } = answer;
      onRefused({ what: refusal.kind, operator: 'known' in refusal ? refusal.known : null, from: tagOf(attempt.source) });
      if (refusal.kind === 'bad-credentials') throw new ProblemError('bad-credentials');
      throw new ProblemError(refusal.kind === 'busy' ? 'overloaded' : 'rate-limited', { retryAfterMs: refusal.retryAfterMs });
    },
    async signOut(token) {
      // First here, so that this process forgets the session even if the database cannot be told.
      memory.put(token, undefined);
      for (const listener of listeners) listener(token);
      await signOut(pool, token);
    },
    enter,
    guard: (roles) => async (request) => { operators.set(request, await enter(bearerOf(request), roles)); },
    operatorOf(request, roles) {
      const who = operators.get(request);
      if (who === undefined) throw new Error('a route behind the guard was reached without it');
      return roles === undefined ? who : inRole(who, roles);
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
