import { MINUTE_MS } from './clock.ts';

/**
 * What the room's settings, the entry token and booking must agree on: a setting that one of them permits and the next refuses would lock
 * every called fan out.
 */
export const ENTRY_TOKEN_LIFE_MAX_MS = 15 * MINUTE_MS;
/** Shows that one waiting room stands before. */
export const SHOWS_PER_ROOM_MAX = 16;
