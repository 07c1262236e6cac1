import { inTransaction, isDuplicate, type Pool, type Queryable, type Tx } from '@onsale/database';
import { and, drizzleOn, eq, isNull, sql } from '@onsale/database/drizzle';
import { operator, operatorSession } from '@onsale/database/schema/control';
import { ok, refuse, type Result } from '@onsale/kernel';
import type { PasswordHasher } from '../password.ts';
import { recordAct, type Act } from './audit.ts';

export type OperatorRole = 'operator' | 'organiser' | 'gate';
export type Operator = { readonly name: string; readonly role: OperatorRole };
export type NewOperator = Operator & { readonly password: string };
export type OperatorStore = { readonly pool: Pool; readonly hasher: PasswordHasher };

const READ_COMMITTED = { isolation: 'read committed' } as const;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@ -]{0,59}$/u;
/** As it is stored and looked up: one form of each letter, no blanks around. */
export const operatorName = (name: string): string => name.normalize('NFC').trim();
/** As it is counted: what a person would call the same name is one. */
export const canonicalName = (name: string): string => name.normalize('NFKC').trim().toLowerCase();
export const subjectOf = (name: string): string => `operator:${name}`;

/** Throws on a name or password out of bounds (PASSWORD_CHARS). */
export async function createOperator(
  { pool, hasher }: OperatorStore, { name: given, role, password }: NewOperator, act: Act,
): Promise<Result<Operator, { readonly kind: 'operator-exists' }>> {
  const name = operatorName(given);
  if (!NAME.test(name)) throw new Error('an operator’s name has 1 to 60 letters, digits or . _ @ - and spaces');
  const passwordHash = await hasher.hash(password);
  try {
    return await inTransaction(pool, READ_COMMITTED, async (tx) => {
      await drizzleOn(tx).insert(operator).values({ name, role, passwordHash, madeAt: sql`NOW(3)` });
      await recordAct(tx, { ...act, action: 'operator.make', subject: subjectOf(name), before: null, after: { name, role } });
      return ok({ name, role });
    });
  } catch (error) {
    if (isDuplicate(error, 'PRIMARY')) return refuse({ kind: 'operator-exists' });
    throw error;
  }
}

/** Sets a new password and signs that operator out everywhere. False: no such operator. */
export async function setPassword({ pool, hasher }: OperatorStore, { name, password }: Omit<NewOperator, 'role'>, act: Act): Promise<boolean> {
  const passwordHash = await hasher.hash(password);
  return changeOperator(pool, name, async (tx) => {
    await drizzleOn(tx).update(operator).set({ passwordHash }).where(eq(operator.name, name));
    await recordAct(tx, { ...act, action: 'operator.password', subject: subjectOf(name), before: null, after: null });
  });
}

/** Nobody signs in by that name any more, and who is, is not. False: no such operator. */
export async function disableOperator(pool: Pool, name: string, act: Act): Promise<boolean> {
  return changeOperator(pool, name, async (tx) => {
    await drizzleOn(tx).update(operator).set({ disabledAt: sql`COALESCE(disabled_at, NOW(3))` }).where(eq(operator.name, name));
    await recordAct(tx, { ...act, action: 'operator.disable', subject: subjectOf(name), before: null, after: { disabled: true } });
  });
}

/** Lock order: the operator's row, then their sessions. Signing in takes the same row first, so no session slips in between. */
async function changeOperator(pool: Pool, name: string, change: (tx: Tx) => Promise<void>): Promise<boolean> {
  return inTransaction(pool, READ_COMMITTED, async (tx) => {
    const known = await drizzleOn(tx).select({ name: operator.name }).from(operator).where(eq(operator.name, name)).for('update');
    if (known.length === 0) return false;
    await change(tx);
    await drizzleOn(tx).delete(operatorSession).where(eq(operatorSession.name, name));
    return true;
  });
}

type Credentials = Operator & { readonly passwordHash: string };

/** For signing in only. */
export async function readCredentials(database: Queryable, name: string, lock: 'locked' | 'unlocked'): Promise<Credentials | undefined> {
  const select = drizzleOn(database)
    .select({ name: operator.name, role: operator.role, passwordHash: operator.passwordHash })
    .from(operator)
    .where(and(eq(operator.name, name), isNull(operator.disabledAt)));
  const [row] = await (lock === 'locked' ? select.for('update') : select);
  return row;
}
