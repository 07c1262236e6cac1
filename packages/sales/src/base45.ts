/** Base45 (RFC 9285): bytes in the alphabet that a QR code packs best, 5.5 bits to a character. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

export function base45(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 2) {
    const pair = index + 1 < bytes.length;
    let value = pair ? (bytes[index] as number) * 256 + (bytes[index + 1] as number) : (bytes[index] as number);
    for (let digit = 0; digit < (pair ? 3 : 2); digit += 1) {
      text += ALPHABET.charAt(value % 45);
      value = Math.floor(value / 45);
    }
  }
  return text;
}

/** Null when the text is not what `base45` makes. */
export function bytesOfBase45(text: string): Uint8Array | null {
  if (text.length % 3 === 1) return null;
  const bytes: number[] = [];
  for (let index = 0; index < text.length; index += 3) {
    const digits = [...text.slice(index, index + 3)].map((character) => ALPHABET.indexOf(character));
    if (digits.includes(-1)) return null;
    const [low, middle, high] = digits as [number, number, number | undefined];
    const value = low + middle * 45 + (high ?? 0) * 2_025;
    if (value > (high === undefined ? 0xff : 0xffff)) return null;
    if (high !== undefined) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}
