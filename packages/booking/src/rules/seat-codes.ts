import type { OpaqueId } from '@onsale/kernel';
import { SEAT_CODES, type SeatChange, type SeatCode, stateOfCode } from './seat.ts';

/**
 * How seat states travel. The whole map: seat n in bits 2·(n mod 4) of byte ⌊n/4⌋, base64. A delta in the database: 8 bytes a seat,
 * little-endian: number · 4 + code, then the tag of its claim.
 */
export function packCodes(codes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((codes.length + 3) >> 2);
  for (let seat = 0; seat < codes.length; seat += 1) bytes[seat >> 2] = (bytes[seat >> 2] as number) | ((codes[seat] as number) << (2 * (seat & 3)));
  return bytes;
}
export function unpackCodes(bytes: Uint8Array, seats: number): Uint8Array {
  const codes = new Uint8Array(seats);
  for (let seat = 0; seat < seats; seat += 1) codes[seat] = ((bytes[seat >> 2] as number) >> (2 * (seat & 3))) & 3;
  return codes;
}

const CHANGE_BYTES = 8;
export function packChanges(changes: readonly SeatChange[]): Uint8Array {
  const bytes = new Uint8Array(CHANGE_BYTES * changes.length);
  const view = new DataView(bytes.buffer);
  for (const [index, { seat, state, tag }] of changes.entries()) {
    view.setUint32(CHANGE_BYTES * index, seat * 4 + SEAT_CODES[state], true);
    view.setUint32(CHANGE_BYTES * index + 4, tag, true);
  }
  return bytes;
}
export function unpackChanges(bytes: Uint8Array): SeatChange[] {
  if (bytes.length % CHANGE_BYTES !== 0) throw new Error(`a delta of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / CHANGE_BYTES }, (_, index) => {
    const word = view.getUint32(CHANGE_BYTES * index, true);
    return { seat: word >>> 2, state: stateOfCode((word & 3) as SeatCode), tag: view.getUint32(CHANGE_BYTES * index + 4, true) };
  });
}

/** The first four bytes of an id (5⅓ base64url characters), as an unsigned number. */
export function tagOf(id: OpaqueId): number {
  let bits = 0;
  for (let at = 0; at < 5; at += 1) bits = bits * 64 + ALPHABET_URL.indexOf(id[at] as string);
  return bits * 4 + (ALPHABET_URL.indexOf(id[5] as string) >> 4);
}
const ALPHABET_URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Base64 with padding; the rules have no Buffer. */
export function toBase64(bytes: Uint8Array): string {
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const triple = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const third = at + 1 < bytes.length ? ALPHABET[(triple >> 6) & 63] : '=';
    const fourth = at + 2 < bytes.length ? ALPHABET[triple & 63] : '=';
    chunks.push(`${ALPHABET[triple >> 18]}${ALPHABET[(triple >> 12) & 63]}${third}${fourth}`);
  }
  return chunks.join('');
}
