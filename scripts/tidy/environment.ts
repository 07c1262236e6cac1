import type { Finding } from './finding.ts';
import { lineAt } from './lexer.ts';
import type { Tree } from './tree.ts';

const READERS = ['packages/runtime', 'packages/services'];

/** `process.env` is read in one place, which freezes and types it; the programs that start everything may read it too. */
export function checkEnvironment(tree: Tree): Finding[] {
  return tree.sources
    .filter((source) => source.kind === 'src' && !READERS.includes(source.workspace?.folder ?? ''))
    .flatMap((source) =>
      [...source.code.matchAll(/\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b/g)].map((match) => ({
        path: source.path,
        line: lineAt(source.text, match.index),
        rule: 'environment' as const,
        message: 'only packages/runtime reads the environment; take the value as an argument',
      })),
    );
}
