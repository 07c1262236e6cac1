/** What bounds a group commit in number and in time, and what it tells of itself. */
export type GroupCommitLimits = {
  readonly batchMax: number;
  readonly inFlightMax: number;
  readonly queueMax: number;
  /** Of those waiting, how many may be such that start something. */
  readonly startsMax: number;
  /** Who starts something is refused at once when its turn would come later than this. */
  readonly startWaitMs: number;
  /** Who starts something and was read so late in a turn of the event loop is refused at once, if two full batches are waiting already. */
  readonly startTurnMs: number;
  /** Longest wait in the queue, deferrals included: of who starts something, or where nobody does … */
  readonly queueMs: number;
  /** … and of who goes on, where others start. */
  readonly goOnMs: number;
  readonly deferralsMax: number;
  /** Runs of a batch after the first. */
  readonly retriesMax: number;
};
export const GROUP_COMMIT_LIMITS: GroupCommitLimits = {
  batchMax: 128, inFlightMax: 3, queueMax: 2_048, startsMax: 1_024, startWaitMs: 250, startTurnMs: 20, queueMs: 1_000, goOnMs: 5_000,
  deferralsMax: 20, retriesMax: 5,
};
/** So many full batches may always wait: with fewer the next ones would not be full. */
export const BATCHES_WAITING_MIN = 2;
export type GroupCommitGauges = {
  readonly queued: number;
  /** Of the queued, those that start something. */
  readonly starting: number;
  readonly inFlight: number;
  readonly batches: number;
  readonly commands: number;
  readonly deferred: number;
  readonly retries: number;
  readonly refused: number;
};
