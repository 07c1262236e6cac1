import { AlongsideRefusal, type CommandRefusal } from '@onsale/booking';
import type { SalesRefusal } from './context.ts';

/** Refuses a command from inside its `alongside`, with one of our own refusals. */
export const refuseAlongside = (refusal: SalesRefusal): AlongsideRefusal => new AlongsideRefusal(refusal);

/** The engine's refusal as ours; what an `alongside` of ours refused is unpacked. */
export function salesRefusal(refusal: CommandRefusal): SalesRefusal {
  return refusal.kind === 'alongside' ? (refusal.refusal as SalesRefusal) : refusal;
}

/** Whether the Idempotency-Key that made something came with another request now. What was made before requests were kept has none. */
export const isReused = (made: { readonly request: string }, request: string): boolean => made.request !== '' && made.request !== request;

/** Refusals that say nothing about the hold: the same command may succeed a moment later. */
export const isPassing = (refusal: CommandRefusal): boolean => refusal.kind === 'busy' || refusal.kind === 'unavailable' || refusal.kind === 'seat-busy';
