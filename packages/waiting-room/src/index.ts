export { call, createCaller, type CallReply, type CallRequest, type CalledPlace } from './call.ts';
export { configure, type ConfigureWord } from './configure.ts';
export { openRoomConnection, RoomUnreachable, type RoomConnection } from './connection.ts';
export { BINDING_BYTES, enter, type EnterReply, type EnterRequest, type EntryGrant } from './enter.ts';
export { finish, type FinishWord } from './finish.ts';
export { forgetRoom } from './forget-room.ts';
export { IDENTITY_BYTES, join, type JoinReply, type JoinRequest } from './join.ts';
export { keepPlace } from './keep-place.ts';
export { keysOf } from './keys.ts';
export { leave, type LeaveWord } from './leave.ts';
export {
  openPlaceFeed, readCalled, readFrame, type CalledCursor, type CalledSince, type Frame, type PlaceFeed, type PlaceFeedOptions,
} from './place-feed.ts';
export type { PlaceOutcome } from './place-verb.ts';
export type { PlaceView } from './place-view.ts';
export { readGauges, type GaugesReply, type RoomCounts, type RoomGauges, type RoomTotals } from './read-gauges.ts';
export { JOURNAL_PAGE_MAX, readJournal } from './read-journal.ts';
export { readPlace, type PlaceReply } from './read-place.ts';
export { readopt, type ReadoptReply } from './readopt.ts';
export { RECEIPT_LENGTH_MAX, signReceipt, verifyReceipt, type BadReceipt, type ReceiptClaims } from './receipt.ts';
export { readRedeemed, reconcile, type LiveSession, type ReconcileReply, type SessionsFound } from './reconcile.ts';
export { redeem, type RedeemReply, type RedeemRequest } from './redeem.ts';
export { restore, type RestoreReply } from './restore.ts';
export { returnPlace, type ReturnWord } from './return.ts';
export { keepRoomList, readListed, type Listed, type ListedAs } from './room-list.ts';
export { revoke, type RevokeWord } from './revoke.ts';
export { BATCH_MAX, withoutGuards } from './script.ts';
export { sweep, type SweepReply } from './sweep.ts';
export * from './rules/index.ts';
