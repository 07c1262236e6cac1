import { parseArgs, type ParseArgsConfig } from 'node:util';

/**
 * What a command of this project may be told: options and, for some, names. Anything else is refused with the usage before the command does
 * anything. `says` ends up in the usage.
 */
/** Whole, unless it may have a fraction. */
type NumberOption = {
  readonly is: 'number';
  readonly normally: number;
  readonly least: number;
  readonly most: number;
  readonly fraction?: true;
  readonly says: string;
};
type TextOption = { readonly is: 'text'; readonly oneOf?: readonly string[]; readonly normally?: string; readonly says: string };
type FlagOption = { readonly is: 'flag'; readonly says: string };
export type Option = NumberOption | TextOption | FlagOption;
export type Options = Readonly<Record<string, Option>>;
export type Command<Wanted extends Options = Options> = {
  readonly run: string;
  readonly does: string;
  readonly options: Wanted;
  /** Words that may be given without a dash; none when absent. */
  readonly names?: readonly string[];
};
type ValueOf<Wanted extends Option> = Wanted extends NumberOption ? number
  : Wanted extends FlagOption ? boolean
  : Wanted extends { readonly oneOf: readonly (infer Word)[]; readonly normally: string } ? Word
  : Wanted extends { readonly normally: string } ? string : string | undefined;
export type Given<Wanted extends Options> = { readonly options: { readonly [Name in keyof Wanted]: ValueOf<Wanted[Name]> }; readonly names: readonly string[] };
export type Reading<Wanted extends Options> =
  | { readonly word: 'read'; readonly given: Given<Wanted> }
  | { readonly word: 'help'; readonly text: string }
  | { readonly word: 'refused'; readonly text: string };

/** Exit status of a command that was asked for something it does not know. */
export const EXIT_REFUSED = 2;

export function readCommandLine<const Wanted extends Options>(command: Command<Wanted>, words: readonly string[]): Reading<Wanted> {
  const refused = (why: string): Reading<Wanted> => ({ word: 'refused', text: `${why}\n\n${usageOf(command)}` });
  const known: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } };
  for (const [name, { is }] of Object.entries(command.options)) known[name] = { type: is === 'flag' ? 'boolean' : 'string' };
  let parsed;
  try {
    parsed = parseArgs({ args: [...words], options: known, allowPositionals: true });
  } catch (error) {
    return refused((error as Error).message.split('. ', 1)[0] as string);
  }
  if (parsed.values['help'] === true) return { word: 'help', text: usageOf(command) };
  const stranger = parsed.positionals.find((name) => command.names?.includes(name) !== true);
  if (stranger !== undefined) return refused(`"${stranger}" is not known here`);
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries<Option>(command.options)) {
    const value = valueOf(option, parsed.values[name] as string | boolean | undefined);
    if (Number.isNaN(value)) return refused(`--${name} takes ${formOf(option)}`);
    values[name] = value;
  }
  return { word: 'read', given: { options: values as Given<Wanted>['options'], names: parsed.positionals } };
}

/** For the commands themselves: says the usage and ends the process unless there is something to do. */
export function commandLine<const Wanted extends Options>(command: Command<Wanted>): Given<Wanted> {
  const reading = readCommandLine(command, process.argv.slice(2));
  if (reading.word === 'read') return reading.given;
  if (reading.word === 'help') process.stdout.write(reading.text);
  else process.stderr.write(reading.text);
  process.exit(reading.word === 'help' ? 0 : EXIT_REFUSED);
}

/** NaN: another word or number was wanted. */
function valueOf(option: Option, told: string | boolean | undefined): unknown {
  if (option.is === 'flag') return told === true;
  if (option.is === 'text') return told !== undefined && option.oneOf?.includes(String(told)) === false ? NaN : told ?? option.normally;
  if (told === undefined) return option.normally;
  const form = option.fraction ? /^\d+(\.\d+)?$/ : /^\d+$/;
  const value = form.test(String(told)) ? Number(told) : NaN;
  return value >= option.least && value <= option.most ? value : NaN;
}

const boundsOf = ({ least, most }: NumberOption): string => `${least} to ${most}`;
function formOf(option: Option): string {
  if (option.is === 'number') return `a ${option.fraction ? '' : 'whole '}number from ${boundsOf(option)}`;
  return option.is === 'text' ? (option.oneOf ?? ['a text']).join(' or ') : 'nothing';
}
/** What it normally is, and its bounds, in brackets. */
function normallyOf(option: Option): string {
  if (option.is === 'number') return ` (${boundsOf(option)}; ${option.normally})`;
  return option.is === 'text' && option.normally !== undefined ? ` (${option.normally})` : '';
}

function usageOf({ run, does, options, names }: Command): string {
  const rows = Object.entries(options).map(([name, option]): [string, string] => [
    `--${name}${option.is === 'flag' ? '' : option.is === 'number' ? ' <number>' : ' <text>'}`,
    option.says + normallyOf(option),
  ]);
  rows.push(['--help', 'this text']);
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  const which = names === undefined ? '' : ` [${names.join('|')} …]`;
  const dashes = run === 'npm start' || run.startsWith('npm run') ? ' --' : '';
  return `${run}${dashes}${which} [options]\n${does}\n\n${lines.join('\n')}\n`;
}
