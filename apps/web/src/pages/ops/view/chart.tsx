import { useState } from 'preact/hooks';
import { areaOf, pathOf, stepsOf, topOf, valueAt, type Line, type Point } from '../page-state/series.ts';

export type ChartProps = {
  readonly title: string;
  readonly lines: readonly Line[];
  /** A limit, drawn as dashed steps: the rate, the capacity. */
  readonly limit?: { readonly name: string; readonly points: readonly Point[] };
  readonly span: string;
  readonly locale: string;
  readonly missing: string;
};

const WIDTH = 400;
const HEIGHT = 120;

/** Lines over the last minutes, the newest at the right edge. Each line has its own dash as well as its own colour. */
export function Chart({ title, lines, limit, span, locale, missing }: ChartProps) {
  const [share, setShare] = useState<number | null>(null);
  const now = performance.now();
  const top = topOf(lines, limit?.points ?? []);
  const format = (value: number | null): string => (value === null ? missing : value.toLocaleString(locale, { maximumFractionDigits: 1 }));
  const shown = lines.map((line) => ({ line, value: (share === null ? line.points.at(-1) : valueAt(line.points, now, share))?.[1] ?? null }));
  const limitNow = limit === undefined ? null : ((share === null ? limit.points.at(-1) : valueAt(limit.points, now, share))?.[1] ?? null);
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
        {limit === undefined ? null : (
          <li>
            <svg class="key" viewBox="0 0 18 4" aria-hidden="true">
              <path d="M0 2h18" class="stroke level" />
            </svg>
            {limit.name} <strong>{limitNow === null ? '∞' : format(limitNow)}</strong>
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
          {limit === undefined ? null : <path d={stepsOf(limit.points, now, top, WIDTH, HEIGHT)} class="stroke level" />}
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
