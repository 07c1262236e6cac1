import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

/** Machines are noisy: runs alternate between ours and the ceiling, and medians are quoted. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** One line of a bench: what was measured, what the target says, and whether it is met. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: string;
  readonly met?: boolean;
  readonly runs?: readonly number[];
};

export const figure = (
  name: string,
  value: number,
  unit: string,
  target?: { readonly text: string; readonly met: boolean },
  runs?: readonly number[],
): Figure => ({
  name,
  value,
  unit,
  ...(target === undefined ? {} : { target: target.text, met: target.met }),
  ...(runs === undefined ? {} : { runs }),
});

export const atLeast = (value: number, least: number): { text: string; met: boolean } => ({ text: `≥ ${least}`, met: value >= least });
export const atMost = (value: number, most: number): { text: string; met: boolean } => ({ text: `≤ ${most}`, met: value <= most });

export function printFigures(title: string, figures: readonly Figure[]): void {
  process.stdout.write(`\n${title}\n`);
  for (const { name, value, unit, target, met } of figures) {
    const verdict = target === undefined ? '' : `${met ? '  ✓' : '  ✗'} target ${target}`;
    process.stdout.write(`  ${name.padEnd(52)} ${format(value).padStart(12)} ${unit.padEnd(10)}${verdict}\n`);
  }
}

/** Writes bench/results/<name>.json with the machine and the commit, so that a figure can be repeated. */
export function saveFigures(name: string, figures: readonly Figure[], settings: Readonly<Record<string, unknown>>): void {
  const folder = join(import.meta.dirname, '../results');
  mkdirSync(folder, { recursive: true });
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', cwd: import.meta.dirname }).trim();
  const dirty = execFileSync('git', ['status', '--porcelain', '--untracked-files=no'], { encoding: 'utf8', cwd: import.meta.dirname }).trim() !== '';
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
  writeFileSync(
    join(folder, `${name}.json`),
    `${JSON.stringify({ name, at: new Date().toISOString(), commit, dirty, machine, settings, figures }, null, 1)}\n`,
  );
}

const format = (value: number): string => (Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(3));
