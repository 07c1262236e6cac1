import type { EntrySessions, HoldEngine, HoldView, ShowBooks } from '@onsale/booking';
import type { Database } from '@onsale/database';
import type { EntryGuard as Door } from '@onsale/entry-token';
import type { OpaqueId, ShowId } from '@onsale/kernel';
import type { OwnCookie, SocketBounds } from '@onsale/runtime';
import type { BellAnswer, SalesContext, TicketSigner } from '@onsale/sales';
import type { KeyObject } from 'node:crypto';
import type { Guesses } from './guards/guesses.ts';
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
  /** Checks entry tokens. */
  readonly door: Door;
  /** Queries that strangers may cause. */
  readonly guesses: Guesses;
  readonly redeemer: RedeemClient;
  /** The first signs, the others are being retired. */
  readonly sessionKeys: readonly [KeyObject, ...KeyObject[]];
  readonly holdIdSecret: KeyObject;
  readonly sessionCookie: OwnCookie;
  readonly socketBounds: SocketBounds;
  readonly sales: SalesContext;
  readonly bell: (body: unknown) => Promise<BellAnswer>;
  readonly ticketSigner: TicketSigner;
  readonly toss: { readonly clientKey: string; readonly scriptUrl: string };
  readonly nowMs: () => number;
};
