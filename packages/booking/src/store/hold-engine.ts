import type { Pool, Tx } from '@onsale/database';
import type { CommandAnswer, CommandDone, SeatCommand } from '../rules/command.ts';
import type { ShowBooks } from './show-book.ts';

/**
 * Runs in the engine's transaction after the command's own writes and only if they were made (an answer given `again` found them
 * committed together with what this wrote). Must touch nothing but `tx`, and may run more than once, each time in a new transaction.
 * Throw `AlongsideRefusal` to refuse the command alone.
 */
export type Alongside = (tx: Tx, done: CommandDone) => Promise<void>;

export class AlongsideRefusal extends Error {
  override readonly name = 'AlongsideRefusal';
  readonly refusal: unknown;
  constructor(refusal: unknown) {
    super('alongside refused');
    this.refusal = refusal;
  }
}

export type HoldEngineOptions = {
  /** The hot pool: its connections bound how many batches are in flight. */
  readonly pool: Pool;
  readonly books: ShowBooks;
  /** Told of every failure of a batch (no values in it): for logs and metrics. */
  readonly onFault?: (error: unknown) => void;
};
export interface HoldEngine {
  submit(command: SeatCommand, alongside?: Alongside): Promise<CommandAnswer>;
  gauges(): { readonly queued: number; readonly inFlight: number; readonly batches: number; readonly commands: number; readonly deferred: number; readonly retries: number; readonly fromMemory: number };
  /** Refuses newcomers, answers those inside. */
  close(): Promise<void>;
}
export function createHoldEngine(options: HoldEngineOptions): HoldEngine {
  throw new Error(`not built yet: ${options.pool.role}`);
}
