/** Booking: seats, holds, ticket orders and tickets of published shows. See README.md. */
export * from './rules/index.ts';
export {
  createHoldEngine, AlongsideRefusal, SEATS_PER_COMMAND_MAX, type Alongside, type HoldEngine, type HoldEngineGauges, type HoldEngineOptions,
} from './store/hold-engine.ts';
export { holdsOfSession, readHold } from './store/hold-lookup.ts';
export { type SeatMap } from './store/seat-map.ts';
export { BOOK_UNUSED_MS, BOOKS_MAX, openShowBooks, type ShowBook, type ShowBooks, type ShowBooksOptions } from './store/show-book.ts';
export { type ShowTerms } from './store/show-terms.ts';
export { IDLE_LOOKS_MAX, lookAtIdleSessions, readSessionUse, type IdleSession } from './store/idle-sessions.ts';
export { publishShow, type ShowToPublish } from './store/publish-show.ts';
export { listAuditedShows, type AuditedShow } from './store/audited-shows.ts';
export { endSessionsOf, eraseShow } from './store/erase-show.ts';
export {
  openEntrySessions, type EndReason, type EntrySession, type EntrySessions, type EntrySessionsOptions, type LivingSession, type NewEntrySession,
  type RedeemAnswer, type SessionUse,
} from './store/entry-session.ts';
export * from './store/orders.ts';
export * from './store/tickets.ts';
export { findViolations, type Violation } from './store/invariants.ts';
export { EXPIRY_BATCH_MAX, findExpired, type ExpireCommand } from './store/expiry-finder.ts';
export { idSecret, keyedId } from './hold-id.ts';
export { readShowFigures, type ShowFigures } from './store/show-figures.ts';
export { changeOperatedLimits, readOperatedShows, type OperatedLimits, type OperatedShow } from './store/show-limits.ts';
export { pruneAllowances, pruneDeltas, pruneHolds, pruneLapses, pruneSessionEnds, pruneSessions } from './store/prune.ts';
