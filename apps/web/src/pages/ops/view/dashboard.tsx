import type { GaugesMessage } from '@onsale/contract';
import type { TextKey } from '../../../texts/en.ts';
import { slotsInUse } from '../page-state/knobs.ts';
import { lineOf, WINDOW_MS } from '../page-state/series.ts';
import { Chart } from './chart.tsx';
import type { ConsoleProps } from './console-page.tsx';

const LIMITS = [
  'line',
  'rate',
  'batch',
  'capacity',
  'scheduled',
  'paused',
  'closed',
  'rate-lowered',
  'returning',
  'recovering',
  'readopted',
  'fenced',
  'caller-away',
];
const LOST_AFTER_MS = 5_000;

/** The figures of this second. */
export function Dashboard(props: ConsoleProps) {
  const { state, say } = props;
  const last = state.samples.at(-1);
  if (last === undefined)
    return (
      <p class="loading" role="status">
        {state.figuresProblem === null ? say('ops.loading') : say('ops.unavailable', { code: props.problemText(state.figuresProblem) })}
      </p>
    );
  return (
    <>
      <Freshness {...props} />
      <Binding {...props} gauges={last.gauges} />
      <Tiles {...props} gauges={last.gauges} />
    </>
  );
}

type WithGauges = ConsoleProps & { readonly gauges: GaugesMessage };

/** How old the figures are, always: a panel that does not say so lies when it matters. */
function Freshness({ state, say, problemText }: ConsoleProps) {
  const last = state.samples.at(-1);
  if (last === undefined) return null;
  const silence = performance.now() - last.at;
  if (silence > LOST_AFTER_MS) {
    return (
      <p class="note note-bad" role="alert">
        {say('ops.lost', { seconds: Math.round(silence / 1_000) })}
        {state.figuresProblem === null ? '' : ` · ${problemText(state.figuresProblem)}`}
      </p>
    );
  }
  return (
    <p class={`link link-${state.link}`}>
      {say(state.link === 'socket' ? 'ops.live' : 'ops.polling')} · {say('ops.age', { ms: last.gauges.ageMs })}
    </p>
  );
}

function Binding({ gauges, say }: WithGauges) {
  const known = LIMITS.includes(gauges.limit);
  const calm = gauges.limit === 'line' || gauges.limit === 'rate' || gauges.limit === 'batch';
  return (
    <p class={`binds ${calm ? '' : 'binds-held'}`}>
      <span class="muted">{say('ops.binds')}</span> <strong>{known ? say(`ops.limit-${gauges.limit}` as TextKey) : gauges.limit}</strong>
    </p>
  );
}

function Tiles({ gauges, say, language }: WithGauges) {
  const number = (value: number): string => value.toLocaleString(language);
  const limit = (value: number | null): string => (value === null ? say('ops.no-limit') : say('ops.of', { limit: number(value) }));
  const tiles: readonly (readonly [string, string, string])[] = [
    [say('ops.waiting'), number(gauges.waiting), `${say('ops.absent')} ${number(gauges.absent)}`],
    [say('ops.calls'), number(gauges.callsLastMinute), limit(gauges.ratePerMinute)],
    [say('ops.inside'), number(slotsInUse(gauges)), limit(gauges.capacity)],
    [
      say('ops.sold'),
      gauges.booking === null ? '–' : number(gauges.booking.sold),
      gauges.booking === null
        ? say('ops.no-figures')
        : `${say('ops.held')} ${number(gauges.booking.held)} · ${say('ops.free')} ${number(gauges.booking.free)}`,
    ],
    [
      say('ops.paid'),
      gauges.booking === null ? '–' : number(gauges.booking.ordersPaid),
      gauges.booking === null ? say('ops.no-figures') : `${say('ops.sessions')} ${number(gauges.booking.sessionsLive)}`,
    ],
    [
      say('ops.joined'),
      number(gauges.joined),
      (['finished', 'left', 'lapsed'] as const).map((end) => `${say(`ops.${end}`)} ${number(gauges.ended[end])}`).join(' · '),
    ],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value, more]) => (
        <div class="card tile" key={name}>
          <dt>{name}</dt>
          <dd>
            <strong>{value}</strong>
            <span class="muted small">{more}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Charts({ state, say, language }: ConsoleProps) {
  const { samples } = state;
  if (samples.length === 0) return null;
  const line = (key: TextKey, look: string, read: (gauges: GaugesMessage) => number | null) => lineOf(say(key), look, samples, read);
  const shared = { span: say('ops.minutes', { minutes: WINDOW_MS / 60_000 }), locale: language, missing: say('ops.no-figures') };
  return (
    <div class="charts">
      <Chart {...shared} title={say('ops.chart-line')} lines={[line('ops.waiting', 'a', (g) => g.waiting), line('ops.absent', 'b', (g) => g.absent)]} />
      <Chart
        {...shared}
        title={say('ops.chart-inside')}
        limit={line('ops.capacity', 'a', (g) => g.capacity)}
        lines={[
          line('ops.inside', 'a', slotsInUse),
          line('ops.called', 'b', (g) => g.called),
          line('ops.entered', 'c', (g) => g.entered),
          line('ops.redeemed', 'd', (g) => g.redeemed),
        ]}
      />
      <Chart
        {...shared}
        title={say('ops.chart-calls')}
        limit={line('ops.rate', 'a', (g) => g.ratePerMinute)}
        lines={[line('ops.calls', 'a', (g) => g.callsLastMinute)]}
      />
      <Chart
        {...shared}
        title={say('ops.chart-seats')}
        lines={[line('ops.sold', 'a', (g) => g.booking?.sold ?? null), line('ops.held', 'b', (g) => g.booking?.held ?? null)]}
      />
      <Chart {...shared} title={say('ops.chart-mysql')} lines={[line('ops.queries', 'a', (g) => g.mysql?.queriesPerSecond ?? null)]} />
      <Chart
        {...shared}
        title={`${say('ops.mysql')} · ${say('ops.connections')}`}
        lines={[line('ops.connections', 'a', (g) => g.mysql?.connections ?? null), line('ops.running', 'b', (g) => g.mysql?.running ?? null)]}
      />
    </div>
  );
}
