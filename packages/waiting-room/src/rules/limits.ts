/**
 * Every limit and span that scripts and rules share. The loader hands those a script names to it as locals, so that they
 * are written once. Times in milliseconds of the room clock.
 */
export const LIMITS = {
  /** Places, identities, steps one script run takes at most. */
  BATCH_MAX: 256,
  /** Bits one BITFIELD sets at once. */
  BITS_MAX: 32,
  /** Highest number of an epoch: the `ended` bitfield has 4 bits a number and Redis' strings end at 2^32 bits. */
  NUMBER_MAX: 2 ** 30 - 1,
  /** The sliding window of the rate. */
  WINDOW_MS: 60_000,
  /** Calls that may be saved up, as time at the rate. */
  BURST_MS: 1_000,
  /** The room clock moves no further in one tick: a caller that slept must not lapse anybody. */
  STEP_MS_MAX: 10_000,
  /** Jitter of a tick's way to Redis that the next tick may make up for. */
  WALL_SLACK_MS: 250,
  /** Periods a sign of life counts for: four bitmaps. */
  PERIODS: 4,
  /** Mass silence: more than this share of the crowd (who is in line and was heard after joining), and at least this many, fell silent within one period. */
  SILENT_SHARE: 0.2,
  SILENT_LEAST: 20,
  /** Over when this share is back … */
  BACK_SHARE: 0.8,
  /** … or this long after this share began to come back: before that nobody can reach us, and waiting on costs nothing … */
  COMING_SHARE: 0.05,
  RETURNING_MS: 60_000,
  /** … or at last, so that a crowd that really left does not block newcomers. */
  RETURNING_MS_MAX: 600_000,
  /** After Redis lost its tail: numbers skipped, calls assumed lost, calls off. */
  GAP: 2 ** 20,
  LOST_TAIL_MS: 3_000,
  CALLS_OFF_MS: 5_000,
  /** A session may be on its way into the list so long after the last moment at which its token was good. */
  RECONCILE_GRACE_MS: 10_000,
  /** Called places kept for readers with a cursor; who comes later reads all of `called`. */
  RECENT_LENGTH_MAX: 4_096,
  JOURNAL_LENGTH_MAX: 200_000,
  /** Buckets of calls for the wait band. */
  BUCKET_MS: 5_000,
  BUCKETS_KEPT: 24,
  /** Marks of a frame. */
  MARKS_EXACT: 32,
  MARKS_MAX: 64,
} as const;
