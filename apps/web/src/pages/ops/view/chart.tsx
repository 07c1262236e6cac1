import { useState } from 'preact/hooks';
import { areaOf, niceTop, pathOf, valueAt, type Line } from '../page-state/series.ts';

export type ChartProps = {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Drawn as a dashed level: the rate, the capacity. */
  readonly level?: { readonly name: string; readonly value: number | null };
  readonly span: string;
  readonly locale: string;
  readonly missing: string;
};

const WIDTH = 400;
const HEIGHT = 120;

/** Lines over the last minutes, the newest at the right edge. Each line has its own dash as well as its own colour. */
export function Chart({ title, lines, level, span, locale, missing }: ChartProps) {
  const [share, setShare] = useState<number | null>(null);
  const now = performance.now();
  const top = niceTop([...lines.flatMap(({ points }) => points.map(([, value]) => value)), level?.value ?? 0]);
  const format = (value: number | null): string => (value === null ? missing : value.toLocaleString(locale, { maximumFractionDigits: 1 }));
  const shown = lines.map((line) => ({ line, value: (share === null ? line.points.at(-1) : valueAt(line.points, now, share))?.[1] ?? null }));
  const levelY = level?.value == null ? null : HEIGHT * (1 - Math.min(level.value, top) / top);
  const move = (event: PointerEvent): void => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    setShare(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  };
  return (
    <figure class="chart card">
      <figcaption>
        <h3>{title}</h3>
        <span class="muted small">{span}</span>
      </figcaption>
      <ul class="chart-key">
        {shown.map(({ line, value }) => (
          <li key={line.name}>
            <svg class="key" viewBox="0 0 18 4" aria-hidden="true">
              <path d="M0 2h18" class={`stroke look-${line.look}`} />
            </svg>
            {line.name} <strong>{format(value)}</strong>
          </li>
        ))}
        {level === undefined ? null : (
          <li>
            <svg class="key" viewBox="0 0 18 4" aria-hidden="true">
              <path d="M0 2h18" class="stroke level" />
            </svg>
            {level.name} <strong>{level.value === null ? '∞' : format(level.value)}</strong>
          </li>
        )}
      </ul>
      <div class="plot">
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title}: ${shown.map(({ line, value }) => `${line.name} ${format(value)}`).join(', ')}`}
          onPointerMove={move}
          onPointerLeave={() => setShare(null)}
        >
          {[0.25, 0.5, 0.75].map((part) => (
            <path key={part} d={`M0 ${HEIGHT * part}H${WIDTH}`} class="grid" />
          ))}
          {lines[0] === undefined ? null : <path d={areaOf(lines[0].points, now, top, WIDTH, HEIGHT)} class={`area look-${lines[0].look}`} />}
          {levelY === null ? null : <path d={`M0 ${levelY}H${WIDTH}`} class="stroke level" />}
          {lines.map((line) => (
            <path key={line.name} d={pathOf(line.points, now, top, WIDTH, HEIGHT)} class={`stroke look-${line.look}`} />
          ))}
          {share === null ? null : <path d={`M${WIDTH * share} 0V${HEIGHT}`} class="cross" />}
        </svg>
        <span class="axis axis-top">{format(top)}</span>
        <span class="axis axis-zero">0</span>
      </div>
    </figure>
  );
}
