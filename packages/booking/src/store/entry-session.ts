import type { OpaqueId, Place, Result, RoomId, ShowId } from '@onsale/kernel';
import type { Pool, Tx } from '@onsale/database';

export type NewEntrySession = {
  readonly sid: OpaqueId;
  readonly room: RoomId;
  readonly place: Place;
  readonly person: OpaqueId;
  /** Thumbprint of what the session is bound to. */
  readonly binding: string;
  readonly shows: readonly ShowId[];
  /** How long the session lasts from now. */
  readonly lastsMs: number;
};
export type EntrySession = NewEntrySession & { readonly remainingMs: number; readonly ended: boolean };
export type SessionUse = { readonly attempts: number; readonly orders: number };
export type EndReason = 'finished' | 'left' | 'revoked' | 'expired';

export interface EntrySessions {
  /** Writes the session and its allowance rows; many callers share one transaction. Same (room, place) and sid again: the same answer. */
  redeem(session: NewEntrySession): Promise<Result<{ readonly remainingMs: number; readonly again: boolean }, { readonly kind: 'token-used' } | { readonly kind: 'busy' | 'unavailable'; readonly retryAfterMs: number }>>;
  read(sid: OpaqueId): Promise<EntrySession | undefined>;
  /** Attempts and orders of the session so far. */
  use(sid: OpaqueId): Promise<SessionUse>;
  /** Ends the session: writes are refused from this commit on, reads within the polling time. */
  end(tx: Tx, sid: OpaqueId, reason: EndReason): Promise<void>;
  /** From memory, polled every 250 ms. */
  isEnded(sid: OpaqueId): boolean;
  /** False once ends could not be polled for 10 s: then nothing new may be started. */
  knowsEnds(): boolean;
  /** Sessions of a room that still last, for reconcile: at most `limit`, after `afterPlace`. */
  living(room: RoomId, afterPlace: number, limit: number): Promise<readonly { readonly place: Place; readonly sid: OpaqueId; readonly remainingMs: number }[]>;
  close(): Promise<void>;
}
export function openEntrySessions(options: { readonly pool: Pool; readonly onFault?: (error: unknown) => void }): EntrySessions {
  throw new Error(`not built yet: ${options.pool.role}`);
}
