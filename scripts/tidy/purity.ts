import type { Finding } from './finding.ts';
import { lineAt } from './lexer.ts';
import { isPure } from './place.ts';
import type { Tree } from './tree.ts';

const IMPURE = [
  'Date',
  'process',
  'async',
  'await',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'fetch',
  'console',
  'crypto',
  'globalThis',
  'Buffer',
];
const PATTERN = new RegExp(`\\bMath\\s*\\.\\s*random\\b|(?<![.\\w$-])(?:${IMPURE.join('|')})\\b(?!\\s*[:?])`, 'g');

/** Rules decide: time, chance and ids come in as arguments, so that a test can name them and a seed replays a run. */
export function checkPurity(tree: Tree): Finding[] {
  return tree.sources.filter(isPure).flatMap((source) =>
    [...source.code.matchAll(PATTERN)].map((match) => ({
      path: source.path,
      line: lineAt(source.text, match.index),
      rule: 'purity' as const,
      message: `${match[0].replace(/\s/g, '')} in pure code: take it as an argument`,
    })),
  );
}
