import { parseArgs } from 'node:util';
import { benchBestAvailable } from './best-available.ts';
import { benchHolds } from './holds.ts';
import { benchJoin } from './join.ts';
import { benchJourneys } from './journeys.ts';
import { printFigures, saveFigures, type Figure } from './measure/figures.ts';
import { benchSockets } from './sockets.ts';
import { benchStatus } from './status.ts';

/** npm run bench -- join|status|sockets|holds|journeys|best-available [--runs 5] [--seconds 8] [--provider-ms 300]. See README.md for the method. */
type Settings = { runs: number; seconds: number; providerMs: number };
type Bench = (settings: Settings) => Promise<Figure[]>;
const benches: Record<string, Bench> = {
  join: benchJoin, status: benchStatus, sockets: benchSockets, holds: benchHolds, journeys: benchJourneys, 'best-available': benchBestAvailable,
};
const SECONDS_MAX = 120;
const RUNS_MAX = 15;
const PROVIDER_MS_MAX = 10_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, seconds: { type: 'string', default: '8' }, 'provider-ms': { type: 'string', default: '0' } },
});
const settings: Settings = {
  runs: Math.min(RUNS_MAX, Number(values.runs)),
  seconds: Math.min(SECONDS_MAX, Number(values.seconds)),
  providerMs: Math.min(PROVIDER_MS_MAX, Number(values['provider-ms'])),
};
const names = positionals.length > 0 ? positionals : Object.keys(benches);
for (const name of names) {
  const bench = benches[name];
  if (bench === undefined) {
    process.stderr.write(`There is no bench ${name}; there are ${Object.keys(benches).join(', ')}.\n`);
    process.exit(2);
  }
  process.stdout.write(`${name}: ${settings.runs} runs of ${settings.seconds} s, alternating with the ceiling\n`);
  const figures = await bench(settings);
  printFigures(name, figures);
  saveFigures(name, figures, settings);
  if (figures.some(({ met }) => met === false)) process.exitCode = 1;
}
