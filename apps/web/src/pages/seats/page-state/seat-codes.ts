import type { SeatDelta, SeatMapReply } from '@onsale/contract';
import type { Hall } from './hall.ts';

/** State of every seat at a version: 0 free, 1 held, 2 sold, 3 blocked. Never changed in place. */
export type SeatCodes = { readonly version: number; readonly codes: Uint8Array };
export const FREE = 0;
export const HELD = 1;
export const SOLD = 2;
export const BLOCKED = 3;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SEXTETS = new Uint8Array(128).fill(255);
for (let at = 0; at < ALPHABET.length; at += 1) SEXTETS[ALPHABET.charCodeAt(at)] = at;

/** Two bits a seat, seat n in bits 2·(n mod 4) of byte ⌊n/4⌋. Null when the text is not base64 or too short for the hall. */
export function decodeSeats(reply: SeatMapReply, seats: number): SeatCodes | null {
  const bytes = decodeBase64(reply.state);
  if (bytes === null || bytes.length * 4 < seats) return null;
  const codes = new Uint8Array(seats);
  for (let seat = 0; seat < seats; seat += 1) codes[seat] = ((bytes[seat >> 2] as number) >> (2 * (seat & 3))) & 3;
  return { version: reply.version, codes };
}

function decodeBase64(text: string): Uint8Array | null {
  const length = text.replace(/=+$/, '').length;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < length; index += 1) {
    const sextet = SEXTETS[text.charCodeAt(index)] ?? 255;
    if (sextet === 255) return null;
    buffer = (buffer << 6) | sextet;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (buffer >> bits) & 255;
    }
  }
  return bytes;
}

/**
 * A delta counts only on top of the version it starts from, or of a later one (then its states are known already, but
 * absolute, so nothing is lost). `gap`: versions are missing and the whole state must be asked for.
 */
export type Applied =
  { readonly kind: 'applied'; readonly state: SeatCodes; readonly changed: readonly number[] } | { readonly kind: 'old' } | { readonly kind: 'gap' };

export function applyDelta(state: SeatCodes, delta: SeatDelta): Applied {
  if (delta.version <= state.version) return { kind: 'old' };
  if (delta.from > state.version) return { kind: 'gap' };
  const codes = state.codes.slice();
  const changed: number[] = [];
  for (const [seat, code] of delta.changes) {
    if (seat >= codes.length || codes[seat] === code) continue;
    codes[seat] = code;
    changed.push(seat);
  }
  return { kind: 'applied', state: { version: delta.version, codes }, changed };
}

export type Counts = { readonly free: number; readonly bySection: Uint16Array; readonly byGrade: Uint32Array };

/** Free seats in all, by section and by grade. */
export function countFree(hall: Hall, codes: Uint8Array): Counts {
  const bySection = new Uint16Array(hall.sections.length);
  const byGrade = new Uint32Array(hall.layout.grades.length);
  let free = 0;
  for (let seat = 0; seat < codes.length; seat += 1) {
    if (codes[seat] !== FREE) continue;
    free += 1;
    const section = hall.sectionOf[seat] as number;
    const grade = hall.gradeOf[seat] as number;
    bySection[section] = (bySection[section] as number) + 1;
    byGrade[grade] = (byGrade[grade] as number) + 1;
  }
  return { free, bySection, byGrade };
}
