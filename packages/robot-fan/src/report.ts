import type { Judgement } from './judge/journal.ts';
import type { Observations } from './observations.ts';

/** The judged report: what robots saw, the system's own findings, and a verdict. */
export type Report = {
  readonly fans: number;
  readonly seconds: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly steps: Readonly<Record<string, { readonly count: number; readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number }>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly judgements: readonly Judgement[];
  readonly ticketsSold: number;
  readonly amountPaid: number;
  readonly violations: number;
};

export function makeReport(observations: Observations, judgements: readonly Judgement[], seconds: number): Report {
  const outcomes: Record<string, number> = {};
  for (const { outcome } of observations.fans) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const steps = Object.fromEntries(
    [...observations.steps].map(([name, latencies]) => [
      name,
      { count: latencies.count, p50Ms: latencies.quantile(0.5), p99Ms: latencies.quantile(0.99), maxMs: latencies.maxMs },
    ]),
  );
  return {
    fans: observations.fans.length,
    seconds,
    outcomes,
    steps,
    refusals: Object.fromEntries(observations.refusals),
    judgements,
    ticketsSold: observations.fans.reduce((sum, fan) => sum + fan.tickets, 0),
    amountPaid: observations.fans.reduce((sum, fan) => sum + (fan.amount ?? 0), 0),
    violations: judgements.reduce((sum, { violations }) => sum + violations.length, 0),
  };
}

/** The report for people: a page of plain text. */
export function printReport(report: Report): string {
  const lines: string[] = [];
  const rule = (title: string): void => void lines.push('', `── ${title} ${'─'.repeat(Math.max(0, 74 - title.length))}`);
  lines.push(
    `${report.fans} fans in ${report.seconds.toFixed(1)} s · ${report.ticketsSold} tickets sold · ${report.amountPaid.toLocaleString('en')} won paid`,
  );
  rule('how it ended for them');
  const most = Math.max(1, ...Object.values(report.outcomes));
  for (const [outcome, count] of sorted(report.outcomes))
    lines.push(`${pad(outcome, 30)} ${String(count).padStart(6)} ${'█'.repeat(Math.round((count / most) * 36))}`);
  rule('what they waited for (ms)');
  lines.push(`${pad('', 12)}${['answers', 'p50', 'p99', 'max'].map((head) => head.padStart(10)).join('')}`);
  for (const [step, { count, p50Ms, p99Ms, maxMs }] of Object.entries(report.steps))
    lines.push(`${pad(step, 12)}${[String(count), ms(p50Ms), ms(p99Ms), ms(maxMs)].map((cell) => cell.padStart(10)).join('')}`);
  rule('refusals they met');
  for (const [refusal, count] of sorted(report.refusals)) lines.push(`${pad(refusal, 44)} ${String(count).padStart(8)}`);
  rule('invariants');
  for (const { invariant, checked, violations, note } of report.judgements) {
    lines.push(`${violations.length === 0 ? '✓' : '✗'} ${pad(invariant, 14)} ${String(checked).padStart(8)} checked   ${note}`);
    for (const violation of violations) lines.push(`    ${violation}`);
  }
  lines.push('', report.violations === 0 ? 'VERDICT: 0 violations' : `VERDICT: ${report.violations} violations`);
  return lines.join('\n');
}

const sorted = (counts: Readonly<Record<string, number>>): [string, number][] => Object.entries(counts).toSorted(([, one], [, other]) => other - one);
const pad = (text: string, width: number): string => text.slice(0, width).padEnd(width);
const ms = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));
