import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { EXIT_REFUSED, readCommandLine } from '../command-line.ts';

const ROOT = join(import.meta.dirname, '../..');
const COMMAND = {
  run: 'npm run thing',
  does: 'Does it.',
  names: ['one', 'two'],
  options: {
    fans: { is: 'number', normally: 10, least: 1, most: 100, says: 'how many' },
    share: { is: 'number', normally: 0.2, least: 0, most: 1, fraction: true, says: 'which part' },
    out: { is: 'text', says: 'a file' },
    room: { is: 'text', normally: 'demo', says: 'where' },
    reset: { is: 'flag', says: 'again' },
    wall: { is: 'text', oneOf: ['red', 'blue'], normally: 'red', says: 'its colour' },
  },
} as const;

t.test('options are read with what they normally are', async (t) => {
  t.same(readCommandLine(COMMAND, []), {
    word: 'read', given: { options: { fans: 10, share: 0.2, out: undefined, room: 'demo', reset: false, wall: 'red' }, names: [] },
  });
  t.same(readCommandLine(COMMAND, ['two', '--fans=100', '--reset', '--share', '0.5', '--room', 'b', 'one', '--wall', 'blue']), {
    word: 'read', given: { options: { fans: 100, share: 0.5, out: undefined, room: 'b', reset: true, wall: 'blue' }, names: ['two', 'one'] },
  });
});

t.test('what is not known or out of bounds is refused with the usage', async (t) => {
  const bad = [
    ['--fan', '3'], ['--fans'], ['--fans', 'many'], ['--fans', '0'], ['--fans', '101'], ['--fans', ''], ['--fans', '1e1'], ['--fans', '2.5'],
    ['--share', '1.1'], ['--fans=-1'], ['--reset=yes'], ['--room'], ['--wall', 'green'], ['--wall='], ['three'], ['-x'], ['--__proto__', '1'],
  ];
  for (const words of bad) {
    const reading = readCommandLine(COMMAND, words);
    t.equal(reading.word, 'refused', words.join(' '));
    if (reading.word === 'refused') t.match(reading.text, /.+\n\nnpm run thing -- \[one\|two …\] \[options\]\n/, words.join(' '));
  }
  t.equal(readCommandLine({ ...COMMAND, names: [] }, ['one']).word, 'refused', 'a name where none is taken');
});

t.test('the usage tells every option, and what it normally is', async (t) => {
  const help = readCommandLine(COMMAND, ['--help', '--reset']);
  const text = help.word === 'help' ? help.text : '';
  const rows = [
    /^ {2}--fans <number> +how many \(1 to 100; 10\)$/m, /^ {2}--share <number> +which part/m, /^ {2}--out <text> +a file$/m,
    /^ {2}--room <text> +where \(demo\)$/m, /^ {2}--reset +again$/m, /^ {2}--help +this text$/m,
  ];
  for (const row of rows) t.match(text, row);
});

const npmScripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;
/** Those hand what they are told on to somebody else: tap, and nobody. */
const OTHERS = new Set(['test', 'tidy']);
const commands = Object.entries(npmScripts).flatMap(([name, command]) => {
  const file = /^node (\S+\.ts)$/.exec(command)?.[1];
  return file === undefined || OTHERS.has(name) ? [] : [{ name, file }];
});

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };
const run = (file: string, words: readonly string[]): Promise<Ended> =>
  new Promise((done) => {
    const child = execFile(process.execPath, [file, ...words], { cwd: ROOT, timeout: 60_000 }, (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }));
  });

t.test('every npm command answers --help, and refuses what it does not know before it does anything', async (t) => {
  t.same(commands.map(({ name }) => name).sort(), ['bench', 'crowd', 'seed', 'start']);
  for (const { name, file } of commands) {
    const help = await run(file, ['--help']);
    t.match(help, { code: 0, stderr: '' }, `${name} --help`);
    t.match(help.stdout, new RegExp(`^npm (run )?${name} -- `), name);
    const refused = await run(file, ['--no-such-option']);
    t.match(refused, { code: EXIT_REFUSED, stdout: '' }, `${name} --no-such-option`);
    t.match(refused.stderr, /no-such-option'?\n\nnpm /, name);
    t.notMatch(refused.stderr, /\n\s+at /, `${name}: no stack`);
  }
});
