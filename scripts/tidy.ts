// `npm run tidy`: a test of the source itself. What it checks stands in scripts/README.md.
import { resolve } from 'node:path';
import { checkEnvironment } from './tidy/environment.ts';
import { checkCycles } from './tidy/cycles.ts';
import { checkImports } from './tidy/imports.ts';
import { checkLua } from './tidy/lua.ts';
import { checkPurity } from './tidy/purity.ts';
import { checkSizes } from './tidy/sizes.ts';
import { checkSql } from './tidy/sql.ts';
import { readTree } from './tidy/tree.ts';
import { checkTopLevel } from './tidy/top-level.ts';
import type { Finding } from './tidy/finding.ts';

const CHECKS = [checkTopLevel, checkImports, checkCycles, checkEnvironment, checkPurity, checkSizes, checkSql, checkLua];

/** Everything that is wrong with the tree under `root`, in order of path and line. */
export function tidy(root: string): Finding[] {
  const tree = readTree(resolve(root));
  return CHECKS.flatMap((check) => check(tree)).sort((one, other) => one.path.localeCompare(other.path) || one.line - other.line);
}

if (import.meta.main) {
  const findings = tidy(resolve(import.meta.dirname, '..'));
  for (const { path, line, rule, message } of findings) console.log(`${path}:${line} ${rule}: ${message}`);
  console.log(findings.length === 0 ? 'tidy' : `${findings.length} to tidy`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
