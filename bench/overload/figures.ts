import { atLeast, atMost, figure, median, type Figure } from '../measure/figures.ts';
import { Latencies } from '../measure/latencies.ts';
import type { Aim } from '../overload.ts';
import type { CrowdRun } from './crowd.ts';
import type { Probe } from './probe.ts';

export const GOODPUT_RATIO_MIN = 0.9;
export const REFUSED_P99_MS_MAX = 50;
/** What the app opens when nothing else is said: POOL_HOT, POOL_MONEY and POOL_READS together. */
const POOL_CONNECTIONS = 12;

type Fans = { readonly held: Latencies; readonly refused: Latencies; readonly late: Latencies; readonly lost: number; readonly withoutRetryAfter: number };
export type Run = CrowdRun & { readonly fans: Fans; readonly connectionsMost: number; readonly probe: Probe };

export function figuresOf(
  { peak, flood, impatient }: Readonly<Record<Aim, readonly Run[]>>, { connections, times }: { readonly connections: number; readonly times: number },
): Figure[] {
  const perSecond = (runs: readonly Run[]): number[] => runs.map((run) => run.perSecond);
  const ratioOf = (runs: readonly Run[]): number => median(runs.map((run, index) => run.perSecond / (peak[index] as Run).perSecond));
  const sum = (value: (run: Run) => number, runs = flood): number => runs.reduce((total, run) => total + value(run), 0);
  const all = (value: (run: Run) => Latencies, runs = flood): Latencies => Latencies.together(runs.map(value));
  const many = times * connections;
  const refused = all((run) => run.fans.refused);
  const most = Math.max(...[...flood, ...impatient].map(({ connectionsMost }) => connectionsMost));
  const bare = sum((run) => run.withoutRetryAfter + run.fans.withoutRetryAfter);
  const others = sum((run) => run.lost + run.fans.lost + Object.values(run.other).reduce((total, count) => total + count, 0));
  const [confirms, bells] = [sum((run) => run.probe.confirmsFailed), sum((run) => run.probe.bellsFailed)];
  return [
    figure(`ceiling: holds/s of ${connections} connections, load and system pinned`, median(perSecond(peak)), '/s', undefined, perSecond(peak)),
    figure(`holds/s of ${many} connections`, median(perSecond(flood)), '/s', undefined, perSecond(flood)),
    figure('ratio of ours to the ceiling', ratioOf(flood), '', atLeast(ratioOf(flood), GOODPUT_RATIO_MIN)),
    figure('most connections to MySQL', most, '', atMost(most, POOL_CONNECTIONS)),
    figure('answers 503', sum((run) => run.refused.count + run.fans.refused.count), ''),
    figure('503 p50, of fans beside the crowd', refused.at(0.5), 'ms'),
    figure('503 p99, of fans beside the crowd', refused.at(0.99), 'ms', atMost(refused.at(0.99), REFUSED_P99_MS_MAX)),
    figure('… answers of which', refused.count, ''),
    figure('… lateness of their own process, p99', all((run) => run.fans.late).at(0.99), 'ms'),
    figure('503 p99, of the crowd on its one core', all((run) => run.refused).at(0.99), 'ms'),
    figure('503 without Retry-After', bare, '', atMost(bare, 0)),
    figure('holds p50 in the flood, of fans beside the crowd', all((run) => run.fans.held).at(0.5), 'ms'),
    figure('holds p99 in the flood, of fans beside the crowd', all((run) => run.fans.held).at(0.99), 'ms'),
    figure('lost and other answers', others, ''),
    figure('confirms in the flood', sum((run) => run.probe.confirms.count), ''),
    figure('confirms not served', confirms, '', atMost(confirms, 0)),
    figure('confirm p99', all((run) => run.probe.confirms).at(0.99), 'ms'),
    figure('webhooks not served', bells, '', atMost(bells, 0)),
    figure('webhook p99', all((run) => run.probe.bells).at(0.99), 'ms'),
    figure(`holds/s of ${many} that ask again at once`, median(perSecond(impatient)), '/s', undefined, perSecond(impatient)),
    figure('… ratio to the ceiling', ratioOf(impatient), ''),
    figure('… 503 p99, of fans beside the crowd', all((run) => run.fans.refused, impatient).at(0.99), 'ms'),
    figure('… confirms and webhooks not served', sum((run) => run.probe.confirmsFailed + run.probe.bellsFailed, impatient), ''),
  ];
}
