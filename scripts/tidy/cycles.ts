import { dirname, posix } from 'node:path';
import type { Finding } from './finding.ts';
import { exportTarget } from './imports.ts';
import type { Import, Source, Tree } from './tree.ts';

/** Files that import each other in a circle, each circle once. Types are erased and `import()` runs later: neither makes one. */
export function checkCycles(tree: Tree): Finding[] {
  const sources = new Map(tree.sources.map((source) => [source.path, source]));
  const state = new Map<string, 'open' | 'closed'>();
  const findings: Finding[] = [];
  const visit = (source: Source, trail: readonly string[]): void => {
    state.set(source.path, 'open');
    for (const entry of source.imports) {
      if (entry.typeOnly || entry.dynamic) continue;
      const path = targetOf(tree, source, entry);
      const target = path === undefined ? undefined : sources.get(path);
      if (!target) continue;
      const way = [...trail, source.path];
      if (state.get(target.path) === 'open') findings.push({ path: source.path, line: entry.line, rule: 'cycle', message: circle(way, target.path) });
      if (!state.has(target.path)) visit(target, way);
    }
    state.set(source.path, 'closed');
  };
  for (const source of tree.sources) if (!state.has(source.path)) visit(source, []);
  return findings;
}

const circle = (way: readonly string[], back: string): string => [...way.slice(way.indexOf(back)), back].join(' → ');

function targetOf(tree: Tree, source: Source, { specifier }: Import): string | undefined {
  if (specifier.startsWith('.')) return posix.join(dirname(source.path), specifier);
  const [scope, short, ...rest] = specifier.split('/');
  const workspace = scope === '@onsale' ? tree.workspaces.find(({ name }) => name === `@onsale/${short}`) : undefined;
  return workspace && exportTarget(workspace, rest.length === 0 ? '.' : `./${rest.join('/')}`);
}
