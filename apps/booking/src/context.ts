import type { EntrySessions, HoldEngine, HoldView, ShowBooks } from '@onsale/booking';
import type { Database, Slots } from '@onsale/database';
import type { PublicKeys } from '@onsale/entry-token';
import type { FailureLimiter, OpaqueId, ShowId } from '@onsale/kernel';
import type { BellAnswer, SalesContext, TicketSigner } from '@onsale/sales';
import type { KeyObject } from 'node:crypto';
import type { EntryGuard } from './guards/require-entry.ts';
import type { RedeemClient } from './redeem-client.ts';

/** What the routes of booking work with; opened in wire.ts, handed to buildApp. */
export type BookingContext = {
  readonly database: Database;
  readonly books: ShowBooks;
  readonly engine: HoldEngine;
  readonly sessions: EntrySessions;
  /** Those of the session that own seats, the newest first. */
  readonly holdsOf: (show: ShowId, sid: OpaqueId) => Promise<readonly HoldView[]>;
  readonly guard: EntryGuard;
  readonly entryKeys: PublicKeys;
  readonly failures: FailureLimiter;
  /** Queries that strangers may cause; see guards/count-guess.ts. */
  readonly guesses: FailureLimiter;
  /** At most so many look-ups of orders by device at once: anybody can have a device cookie. */
  readonly deviceReads: Slots;
  readonly redeemer: RedeemClient;
  /** The first signs, the others are being retired. */
  readonly sessionKeys: readonly [KeyObject, ...KeyObject[]];
  readonly holdIdSecret: KeyObject;
  readonly cookiePrefix: string;
  readonly sales: SalesContext;
  readonly bell: (body: unknown) => Promise<BellAnswer>;
  readonly ticketSigner: TicketSigner;
  readonly toss: { readonly clientKey: string; readonly scriptUrl: string };
  readonly nowMs: () => number;
};
