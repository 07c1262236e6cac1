/*
 * Reads the TAP that tap writes while the suites run: a block of indented lines for each file, closed by the file's own line at the
 * margin. Nothing is shown of a file that passes but that line; of one that fails, each failed assertion with where it stands.
 */
export type FileResult = { readonly ok: boolean; readonly line: string; readonly failures: readonly string[]; readonly skips: readonly string[] };
export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

const FILE_LINE = /^(not )?ok \d+ - (.*)$/;
const RESULT = /^( *)(not )?ok \d+(?: - )?(.*)$/;
/** Parts of a failure's details that repeat the file's text. */
const LONG_PARTS = /^\s*(?:source|at|compare|stdio|cwd|externalID|command|args|exitCode|signal|tapCaught):/;
const DETAIL_LINES_MAX = 40;

/** Takes the text piece by piece as it is written; gives the files that each piece completed. */
export function readTap(): { add(text: string): FileResult[] } {
  let rest = '';
  let block: string[] = [];
  return {
    add(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      const done: FileResult[] = [];
      for (const line of lines) {
        const match = FILE_LINE.exec(line);
        block.push(line);
        if (!match) continue;
        done.push({ ok: match[1] === undefined, line, failures: failuresOf(block), skips: skipsOf(block) });
        block = [];
      }
      return done;
    },
  };
}

/** Failed assertions, each under the names of the tests around it. A test that failed only because of one inside it adds nothing. */
function failuresOf(block: readonly string[]): string[] {
  const failures: string[] = [];
  for (const [index, line] of block.entries()) {
    const match = RESULT.exec(line);
    if (!match?.[2]) continue;
    const details = detailsAt(block, index + 1);
    const isOutcome = details.some((detail) => /^\s*(?:stack|diff|found|wanted|error|reason|expected|actual|failure):/.test(detail));
    if (!isOutcome && !/timeout|plan|test unfinished/i.test(line)) continue;
    failures.push([[...namesAround(block, index), match[3]].join(' › '), ...details].join('\n'));
  }
  return failures;
}

/** The YAML below a result, without its long parts. */
function detailsAt(block: readonly string[], from: number): string[] {
  const open = block[from]?.match(/^( *)---$/);
  if (!open) return [];
  const depth = (open[1] as string).length;
  const end = block.findIndex((line, index) => index > from && line === `${' '.repeat(depth)}...`);
  let skipping = false;
  const kept = block.slice(from + 1, end === -1 ? undefined : end).filter((line) => {
    if (line.slice(depth, depth + 1).trim() !== '') skipping = LONG_PARTS.test(line);
    return !skipping && line.trim() !== '';
  });
  return kept.slice(0, DETAIL_LINES_MAX).map((line) => `    ${line.slice(depth)}`);
}

/** Names of the subtests that are open at a line, outermost first. */
function namesAround(block: readonly string[], index: number): string[] {
  const names: string[] = [];
  let depth = indentOf(block[index] as string);
  for (let above = index - 1; above >= 0 && depth > 0; above -= 1) {
    const match = /^( *)# Subtest: (.*)$/.exec(block[above] as string);
    if (!match || (match[1] as string).length >= depth) continue;
    names.unshift(match[2] as string);
    depth = (match[1] as string).length;
  }
  return names.slice(1); // the outermost is the file
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

const skipsOf = (block: readonly string[]): string[] => block.flatMap((line) => /^ *ok \d+(?: - )?(.*# SKIP.*)$/.exec(line)?.[1] ?? []);

/** tap's closing line: `# { total: 15, pass: 12, fail: 1, todo: 1, skip: 1 }`. */
export function countsOf(tap: string): Counts {
  const line = [...tap.matchAll(/^# (\{ .* \})$/gm)].at(-1)?.[1] ?? '';
  const count = (name: string): number => Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') + count('todo') };
}
