/** The words of the waiting room: what scripts answer and what the rules speak of. One word, one meaning. */

/** Phases of a room. `lobby`, `drawing` and `recovering` are spoken of by the contract but not entered yet. */
export const PHASES = ['scheduled', 'lobby', 'drawing', 'open', 'paused', 'closed', 'recovering'] as const;
export type Phase = (typeof PHASES)[number];

/** How a place came to its end; kept as 4 bits a place, index + 1 = code. */
export const END_KINDS = ['finished', 'left', 'lapsed', 'revoked'] as const;
export type EndKind = (typeof END_KINDS)[number];

/** `missed` is absent after a missed call: only `returnPlace` brings it back. On the wire it may be shown as absent. */
export const LIVING_STATES = ['waiting', 'absent', 'missed', 'called', 'entered', 'redeemed'] as const;
export type LivingState = (typeof LIVING_STATES)[number];
export type PlaceState = LivingState | EndKind;

/** What kept the last tick from calling more. */
export const LIMIT_REASONS = [
  'line', // everybody present has been called
  'rate', // the pace, or the rate of the sliding minute
  'rate-lowered', // more calls in the last minute than the rate now in force: the window drains first
  'capacity', // slots in use reach the capacity
  'batch', // more than one tick may call: the next tick goes on
  'scheduled', 'paused', 'closed', 'recovering', // the room's phase calls nobody
  'returning', // mass silence: the crowd is given time to come back
  'readopted', // calls are off for some seconds after Redis lost its tail
] as const;
export type LimitReason = (typeof LIMIT_REASONS)[number];

/**
 * Refusals any verb may give. `fenced`: Redis is not the process whose data were adopted; nothing was written; the worker
 * will `readopt`. `no-room`: Redis does not know the room: never made, wiped, or over and gone; `readListed` tells which.
 */
export type RoomRefusal = 'fenced' | 'no-room';
/**
 * Refusals of verbs on one place. `epoch`: the place is of another epoch. `unknown`: the number was never issued.
 * `lost`: issued, but Redis lost it: `restore` it from its receipt.
 */
export type PlaceRefusal = RoomRefusal | 'epoch' | 'unknown' | 'lost';
