import type { Finding } from './finding.ts';
import { lineAt } from './lexer.ts';
import type { Source, Tree } from './tree.ts';

const STATEMENT = new RegExp(
  '^\\s*(?:SELECT\\b[^]*\\bFROM\\b|INSERT\\s+(?:IGNORE\\s+)?INTO\\b|UPDATE\\s+\\S+\\s+SET\\b|DELETE\\s+FROM\\b|REPLACE\\s+INTO\\b|' +
    '(?:CREATE|ALTER|DROP|TRUNCATE)\\s+TABLE\\b|LOCK\\s+TABLES\\b|START\\s+TRANSACTION\\b)',
);
const LOWER_STATEMENT = /^\s*(?:select\b[^]*\bfrom\s+[\w`]+\s+where\b|insert\s+into\s+\w+\s*\(|update\s+\S+\s+set\s+\S+\s*=|delete\s+from\s+\w+\s+where\b)/;

/** SQL lives in the stores and in packages/database, so that each table has one owner and each lock one place to read about. */
export function checkSql(tree: Tree): Finding[] {
  return tree.sources
    .filter((source) => source.kind === 'src' && !mayHoldSql(source))
    .flatMap((source) =>
      source.strings
        .filter(({ value }) => STATEMENT.test(value) || LOWER_STATEMENT.test(value))
        .map(({ start }) => ({ path: source.path, line: lineAt(source.text, start), rule: 'sql' as const, message: 'SQL outside a store' })),
    );
}

function mayHoldSql({ path, workspace }: Source): boolean {
  return path.includes('/store/') || workspace?.folder === 'packages/database' || path === 'packages/services/src/mariadb-init.ts';
}
