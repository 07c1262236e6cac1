import { refuse, ok, type Result } from './result.ts';

/** Nominal typing: a parsed id cannot be confused with a bare string or number. */
export type Branded<Base, Name extends string> = Base & { readonly __brand: Name };

/** A room's or show's slug: what stands in addresses. */
export type RoomId = Branded<string, 'RoomId'>;
export type ShowId = Branded<string, 'ShowId'>;
/** Place = epoch × 2^32 + n, exact in a double; n counts from 1. See packages/waiting-room/README.md. */
export type Place = Branded<number, 'Place'>;
/** 16 bytes as 22 characters of base64url: holds, orders, sessions, tickets. */
export type OpaqueId = Branded<string, 'OpaqueId'>;

export type BadId = { readonly kind: 'bad-id'; readonly what: string };

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;
const OPAQUE = /^[A-Za-z0-9_-]{21}[AQgw]$/;
/** Source texts for JSON schemas, so that the edge and the parser agree. */
export const SLUG_PATTERN = SLUG.source;
export const OPAQUE_ID_PATTERN = OPAQUE.source;

export const parseRoomId = (text: string): Result<RoomId, BadId> => (SLUG.test(text) ? ok(text as RoomId) : refuse({ kind: 'bad-id', what: 'room' }));
export const parseShowId = (text: string): Result<ShowId, BadId> => (SLUG.test(text) ? ok(text as ShowId) : refuse({ kind: 'bad-id', what: 'show' }));
export const parseOpaqueId = (text: string): Result<OpaqueId, BadId> => (OPAQUE.test(text) ? ok(text as OpaqueId) : refuse({ kind: 'bad-id', what: 'id' }));

const EPOCH_SPAN = 2 ** 32;
/** 2^53 / 2^32 epochs keep a place exact in a double. */
export const EPOCH_MAX = 2 ** 21 - 1;

export function placeOf(epoch: number, n: number): Place {
  if (!Number.isInteger(epoch) || epoch < 1 || epoch > EPOCH_MAX) throw new Error(`epoch out of range: ${epoch}`);
  if (!Number.isInteger(n) || n < 1 || n >= EPOCH_SPAN) throw new Error(`place number out of range: ${n}`);
  return (epoch * EPOCH_SPAN + n) as Place;
}
export const epochOf = (place: number): number => Math.floor(place / EPOCH_SPAN);
export const numberOf = (place: number): number => place % EPOCH_SPAN;

export function parsePlace(value: number): Result<Place, BadId> {
  const sound = Number.isSafeInteger(value) && epochOf(value) >= 1 && numberOf(value) >= 1;
  return sound ? ok(value as Place) : refuse({ kind: 'bad-id', what: 'place' });
}
