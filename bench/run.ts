import { commandLine } from '../scripts/command-line.ts';
import { benchBestAvailable } from './best-available.ts';
import { benchHolds } from './holds.ts';
import { benchHotSeats } from './hot-seats.ts';
import { benchJoin } from './join.ts';
import { benchJourneys } from './journeys.ts';
import { printFigures, saveFigures, type Figure } from './measure/figures.ts';
import { benchOverload } from './overload.ts';
import { benchSockets } from './sockets.ts';
import { benchStatus } from './status.ts';

/**
 * npm run bench -- join|status|sockets|holds|hot-seats|overload|journeys|best-available [--runs 5] [--seconds 8] [--provider-ms 300]. See README.md
 * for the method.
 */
type Settings = { runs: number; seconds: number; providerMs: number };
type Bench = (settings: Settings) => Promise<Figure[]>;
const benches: Record<string, Bench> = {
  join: benchJoin, status: benchStatus, sockets: benchSockets, holds: benchHolds, 'hot-seats': benchHotSeats, overload: benchOverload, journeys: benchJourneys,
  'best-available': benchBestAvailable,
};
const SECONDS_MAX = 120;
const RUNS_MAX = 15;
const PROVIDER_MS_MAX = 10_000;

const { options, names } = commandLine({
  run: 'npm run bench',
  does: 'Measures each beside its own ceiling in the same run; all of them when none is named. bench/README.md tells the method.',
  names: Object.keys(benches),
  options: {
    runs: { is: 'number', normally: 5, least: 1, most: RUNS_MAX, says: 'runs of each' },
    seconds: { is: 'number', normally: 8, least: 1, most: SECONDS_MAX, says: 'length of a run' },
    'provider-ms': { is: 'number', normally: 0, least: 0, most: PROVIDER_MS_MAX, says: 'time the payment provider takes for an answer' },
  },
});
const settings: Settings = { runs: options.runs, seconds: options.seconds, providerMs: options['provider-ms'] };
for (const [name, bench] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue;
  process.stdout.write(`${name}: ${settings.runs} runs of ${settings.seconds} s, alternating with the ceiling\n`);
  const figures = await bench(settings);
  printFigures(name, figures);
  saveFigures(name, figures, settings);
  if (figures.some(({ met }) => met === false)) process.exitCode = 1;
}
