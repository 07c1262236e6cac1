import { createHash, randomBytes } from 'node:crypto';
import { inTransaction, type Queryable, type ResultSetHeader } from '@onsale/database';
import { and, drizzleOn, eq, gt, isNull, sql } from '@onsale/database/drizzle';
import { operator, operatorSession } from '@onsale/database/schema/control';
import { HOUR_MS, ok, refuse, SECOND_MS, type Result } from '@onsale/kernel';
import type { SignInThrottle } from '../sign-in-throttle.ts';
import { recordAct } from './audit.ts';
import { readCredentials, subjectOf, type Operator, type OperatorStore } from './operators.ts';

/**
 * Sign-in gives a token of 256 random bits; the database keeps its SHA-256 only. Looking the hash up needs no comparison in constant time:
 * who can choose a hash's first bytes has not guessed a token.
 */
export const OPERATOR_SESSION_MS = 12 * HOUR_MS;
const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;
const BUSY_RETRY_MS = SECOND_MS;

export type SignedIn = Operator & { readonly remainingMs: number };
export type SignInRefusal = { readonly kind: 'bad-credentials' } | { readonly kind: 'too-many-attempts'; readonly retryAfterMs: number };
/** `source`: where the request came from, as the edge tells sources apart (an address or its network). */
export type SignIn = { readonly name: string; readonly password: string; readonly source: string };

/** A wrong name and a wrong password are one refusal and take one time. */
export async function signIn(
  store: OperatorStore & { readonly throttle: SignInThrottle }, { name, password, source }: SignIn,
): Promise<Result<SignedIn & { readonly token: string }, SignInRefusal>> {
  const waitMs = store.throttle.begin(name, source);
  if (waitMs > 0) return refuse({ kind: 'too-many-attempts', retryAfterMs: Math.ceil(waitMs) });
  const known = await readCredentials(store.pool, name, 'unlocked');
  const right = await store.hasher.verify(password, known?.passwordHash);
  if (right === undefined) return refuse({ kind: 'too-many-attempts', retryAfterMs: BUSY_RETRY_MS });
  if (!right || known === undefined) return refuse({ kind: 'bad-credentials' });
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return inTransaction(store.pool, { isolation: 'read committed' }, async (tx) => {
    // Again under the row's lock: the password may have been changed, or the operator disabled, while this one was being checked.
    const still = await readCredentials(tx, name, 'locked');
    if (still?.passwordHash !== known.passwordHash) return refuse({ kind: 'bad-credentials' });
    await tx.query('INSERT INTO operator_session (token_hash, name, made_at, expires_at) VALUES (?, ?, NOW(3), NOW(3) + INTERVAL ? MICROSECOND)', [
      hashOf(token), still.name, OPERATOR_SESSION_MS * 1_000,
    ]);
    await recordAct(tx, { actor: still.name, cause: '', action: 'operator.sign-in', subject: subjectOf(still.name), before: null, after: null });
    store.throttle.succeeded(name, source);
    return ok({ token, name: still.name, role: still.role, remainingMs: OPERATOR_SESSION_MS });
  });
}

/** Whose token it is, or undefined. What cannot be a token is refused without a query. */
export async function readOperatorSession(database: Queryable, token: string): Promise<SignedIn | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const [row] = await drizzleOn(database)
    .select({ name: operator.name, role: operator.role, remainingMs: sql<number>`TIMESTAMPDIFF(MICROSECOND, NOW(3), ${operatorSession.expiresAt}) DIV 1000` })
    .from(operatorSession)
    .innerJoin(operator, and(eq(operator.name, operatorSession.name), isNull(operator.disabledAt)))
    .where(and(eq(operatorSession.tokenHash, hashOf(token)), gt(operatorSession.expiresAt, sql`NOW(3)`)));
  return row;
}

export async function signOut(database: Queryable, token: string): Promise<void> {
  if (TOKEN.test(token)) await drizzleOn(database).delete(operatorSession).where(eq(operatorSession.tokenHash, hashOf(token)));
}

/** Deletes at most `limit` sessions that are over; gives how many. */
export async function pruneOperatorSessions(database: Queryable, limit: number): Promise<number> {
  const [written] = await database.query<ResultSetHeader>('DELETE FROM operator_session WHERE expires_at < NOW(3) ORDER BY expires_at LIMIT ?', [limit]);
  return written.affectedRows;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
