import { encode } from 'uqr';

/** Modules of quiet zone that scanners need around the code, whatever the page's colours. */
const BORDER = 4;

/** A QR code as one path of dark modules in a square of `size`. */
export function qrPath(text: string): { readonly path: string; readonly size: number } {
  const { data, size } = encode(text, { ecc: 'M', border: BORDER });
  return { size, path: data.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('') };
}
