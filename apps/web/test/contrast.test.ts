import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

/** WCAG AA for text: 4.5:1 between every ink and the grounds it stands on, in both colour schemes. */
const AA = 4.5;
const PAIRS = [
  ['ink', ['ground', 'surface', 'sunken', 'accent-soft']],
  ['muted', ['ground', 'surface', 'sunken']],
  ['accent', ['ground', 'surface']],
  ['accent-ink', ['accent', 'accent-hover']],
  ['good', ['surface', 'good-soft']],
  ['warn', ['surface', 'warn-soft']],
  ['bad', ['surface', 'bad-soft']],
] as const;

const sheet = readFileSync(join(import.meta.dirname, '..', 'src', 'pages', 'styles', 'tokens.css'), 'utf8');
const [light = '', dark = ''] = sheet.split('@media (prefers-color-scheme: dark)');
const tokens = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1], match[2]]));

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

for (const [scheme, text] of [
  ['light', light],
  ['dark', dark],
] as const) {
  t.test(`${scheme}: every pair of ink and ground can be read`, async (t) => {
    const colours = tokens(text);
    for (const [ink, grounds] of PAIRS) {
      for (const ground of grounds) {
        const ratio = contrast(colours[ink] ?? '', colours[ground] ?? '');
        t.ok(ratio >= AA, `${ink} on ${ground}: ${ratio.toFixed(2)}`);
      }
    }
  });
}
t.equal(contrast('#000000', '#ffffff').toFixed(0), '21', 'the measure itself');
