/** The page's colours as the canvas needs them; read again when the colour scheme changes. */
export type Palette = {
  readonly ground: string;
  readonly surface: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly strong: string;
  readonly accent: string;
  readonly accentInk: string;
  readonly font: string;
  readonly dark: boolean;
};

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: token('sunken'),
    surface: token('surface'),
    ink: token('ink'),
    muted: token('muted'),
    line: token('line'),
    strong: token('line-strong'),
    accent: token('accent'),
    accentInk: token('accent-ink'),
    font: token('font'),
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
  };
}

/** A share of `colour` over `ground`, both #rrggbb. */
export function mix(colour: string, ground: string, share: number): string {
  const [a, b] = [channels(colour), channels(ground)];
  return `rgb(${a.map((value, index) => Math.round(value * share + (b[index] as number) * (1 - share))).join(' ')})`;
}

const channels = (colour: string): number[] => {
  const hex = colour.length === 4 ? colour.slice(1).replace(/./g, '$&$&') : colour.slice(1);
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
};

/** Black or white, whichever reads better on the colour (WCAG relative luminance). */
export function readableOn(colour: string): string {
  const [red, green, blue] = channels(colour).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#ffffff' : '#111111';
}
