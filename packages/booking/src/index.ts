/** Booking: seats, holds, ticket orders and tickets of published shows. See README.md. */
export * from './rules/index.ts';
export { createHoldEngine, AlongsideRefusal, type Alongside, type HoldEngine, type HoldEngineOptions } from './store/hold-engine.ts';
export { type SeatMap } from './store/seat-map.ts';
export { openShowBooks, type ShowBook, type ShowBooks, type ShowBooksOptions } from './store/show-book.ts';
export { publishShow, type ShowToPublish } from './store/publish-show.ts';
export { openEntrySessions, type EndReason, type EntrySession, type EntrySessions, type NewEntrySession, type SessionUse } from './store/entry-session.ts';
export * from './store/orders.ts';
export { findViolations, type Violation } from './store/invariants.ts';
export { findExpired } from './store/expiry-finder.ts';
export { idSecret, keyedId } from './hold-id.ts';
