import { createHash, randomBytes } from 'node:crypto';
import { inTransaction, type Queryable, type ResultSetHeader } from '@onsale/database';
import { and, drizzleOn, eq, gt, isNull, sql } from '@onsale/database/drizzle';
import { operator, operatorSession } from '@onsale/database/schema/control';
import { HOUR_MS, ok, refuse, SECOND_MS, type Result } from '@onsale/kernel';
import type { SignInThrottle } from '../sign-in-throttle.ts';
import { recordAct } from './audit.ts';
import { canonicalName, operatorName, readCredentials, subjectOf, type Operator, type OperatorStore } from './operators.ts';

/**
 * Sign-in gives a token of 256 random bits; the database keeps its SHA-256 only. Looking the hash up needs no comparison in constant time:
 * who can choose a hash's first bytes has not guessed a token.
 */
export const OPERATOR_SESSION_MS = 12 * HOUR_MS;
const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;
const BUSY_RETRY_MS = SECOND_MS;

export type SignedIn = Operator & { readonly remainingMs: number };
export type SignInRefusal =
  /** `known`: whose name it is, for the log; null when nobody's. */
  | { readonly kind: 'bad-credentials'; readonly known: string | null }
  | { readonly kind: 'too-many-attempts' | 'busy'; readonly retryAfterMs: number };
/** `source`: where the request came from, as the edge tells sources apart (an address or its network). */
export type SignIn = { readonly name: string; readonly password: string; readonly source: string };

/** A wrong name and a wrong password are one refusal and take one time. A right password is let in whatever was tried before. */
export async function signIn(
  store: OperatorStore & { readonly throttle: SignInThrottle }, { name, password, source }: SignIn,
): Promise<Result<SignedIn & { readonly token: string }, SignInRefusal>> {
  const tried = { name: canonicalName(name), source };
  const checked = await store.throttle.check(tried, () => checkPassword(store, operatorName(name), password), ({ right }) => !right);
  if (checked.waitMs > 0) return refuse({ kind: 'too-many-attempts', retryAfterMs: Math.ceil(checked.waitMs) });
  if (checked.kind === 'busy') return refuse({ kind: 'busy', retryAfterMs: BUSY_RETRY_MS });
  const { known, right, fresh } = checked.answer;
  if (!right || known === undefined) return refuse({ kind: 'bad-credentials', known: known?.name ?? null });
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return inTransaction(store.pool, { isolation: 'read committed' }, async (tx) => {
    // Again under the row's lock: the password may have been changed, or the operator disabled, while this one was being checked.
    const still = await readCredentials(tx, known.name, 'locked');
    if (still?.passwordHash !== known.passwordHash) return refuse({ kind: 'bad-credentials', known: known.name });
    await tx.query('INSERT INTO operator_session (token_hash, name, made_at, expires_at) VALUES (?, ?, NOW(3), NOW(3) + INTERVAL ? MICROSECOND)', [
      hashOf(token), still.name, OPERATOR_SESSION_MS * 1_000,
    ]);
    if (fresh !== undefined) await drizzleOn(tx).update(operator).set({ passwordHash: fresh }).where(eq(operator.name, still.name));
    await recordAct(tx, { actor: still.name, cause: '', action: 'operator.sign-in', subject: subjectOf(still.name), before: null, after: null });
    store.throttle.succeeded(tried);
    return ok({ token, name: still.name, role: still.role, remainingMs: OPERATOR_SESSION_MS });
  });
}

/** `fresh`: the right password hashed at today's cost, where what is stored was made at another. */
async function checkPassword({ pool, hasher }: OperatorStore, name: string, password: string) {
  const known = await readCredentials(pool, name, 'unlocked');
  const right = await hasher.verify(password, known?.passwordHash);
  const isOutdated = right && known !== undefined && hasher.isOutdated(known.passwordHash);
  return { known, right, fresh: isOutdated ? await hasher.hash(password) : undefined };
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
