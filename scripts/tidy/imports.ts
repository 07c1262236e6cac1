import { isBuiltin } from 'node:module';
import { dirname, posix } from 'node:path';
import type { Finding } from './finding.ts';
import { homeOf, isPure } from './place.ts';
import type { Import, Source, Tree, Workspace } from './tree.ts';

/*
 * Who may import whom. Each line stands for a promise: waiting-room runs without MySQL, capabilities can be taken apart, robots see what a
 * fan sees. `packages`: of this project. `never`: libraries that would break the promise; the others need only be declared.
 */
type Allowance = { readonly packages: readonly string[]; readonly never?: readonly string[] };

const CAPABILITIES = ['control', 'booking', 'payments', 'benefits', 'catalogue', 'accounts'];
const HTTP = ['fastify', '@fastify/*'];
const QUEUES = ['ioredis', 'bullmq'];
const capability = (never: readonly string[]): Allowance => ({ packages: ['kernel', 'database'], never });

const PACKAGES: Readonly<Record<string, Allowance>> = {
  kernel: { packages: [], never: ['*'] },
  contract: { packages: ['kernel'] },
  'waiting-room': { packages: ['kernel'], never: [...HTTP, 'mysql2', 'bullmq', 'undici'] },
  'entry-token': { packages: ['kernel', 'contract'], never: ['mysql2', ...QUEUES] },
  ...Object.fromEntries(CAPABILITIES.map((name) => [name, capability([...HTTP, ...QUEUES, ...(name === 'payments' ? [] : ['undici'])])])),
  sales: { packages: ['kernel', 'database', ...CAPABILITIES], never: [...HTTP, ...QUEUES, 'undici', 'mysql2'] },
  database: { packages: ['kernel', 'contract'], never: [...HTTP, ...QUEUES] },
  runtime: { packages: ['kernel', 'contract'], never: ['mysql2'] },
  services: { packages: ['kernel'], never: ['*'] },
  'robot-fan': { packages: ['kernel', 'contract'], never: [...HTTP, ...QUEUES, 'mysql2'] },
};
const PAGES: Allowance = { packages: ['kernel', 'contract'], never: [...HTTP, ...QUEUES, 'mysql2', 'undici'] };
/** For tests, benches and scripts alone. */
const TESTING_ONLY = ['testing', 'services', 'robot-fan'];
const SERVES_TESTING = new Set(['scripts', 'bench', 'test']);

export function checkImports(tree: Tree): Finding[] {
  return tree.sources.flatMap((source) =>
    source.imports.flatMap((entry) => {
      const finding = (rule: Finding['rule'], message: string): Finding => ({ path: source.path, line: entry.line, rule, message });
      if (entry.specifier.startsWith('.')) return checkRelative(source, entry, finding);
      if (entry.specifier.startsWith('@onsale/')) return checkOwn(tree, source, entry, finding);
      if (isBuiltin(entry.specifier)) return checkBuiltin(source, entry, finding);
      return checkLibrary(tree, source, entry, finding);
    }),
  );
}

type Report = (rule: Finding['rule'], message: string) => Finding;

/** A relative path stays within its package, app, scripts or bench. */
function checkRelative(source: Source, { specifier }: Import, report: Report): Finding[] {
  const home = homeOf(source);
  const target = posix.join(dirname(source.path), specifier);
  // A bench measures on the demonstration's own hall.
  if (source.kind === 'bench' && target.startsWith('scripts/')) return [];
  if (!target.startsWith(`${home}/`)) return [report('past-exports', `${specifier} leaves ${home}; import the package by its name`)];
  const rules = /^(.*\/rules)\//.exec(source.path)?.[1];
  if (rules && source.kind === 'src' && !target.startsWith(`${rules}/`)) return [report('import', `${RULES_ALONE}, not ${specifier}`)];
  return [];
}

function checkOwn(tree: Tree, source: Source, { specifier }: Import, report: Report): Finding[] {
  const [, short = '', ...rest] = specifier.split('/');
  const target = tree.workspaces.find(({ name }) => name === `@onsale/${short}`);
  if (!target) return [report('undeclared', `there is no package ${specifier}`)];
  const subpath = rest.length === 0 ? '.' : `./${rest.join('/')}`;
  const findings: Finding[] = [];
  if (exportTarget(target, subpath) === undefined) findings.push(report('past-exports', `${target.name} does not export ${subpath}`));
  if (source.workspace && source.workspace !== target && source.kind === 'src' && !source.workspace.dependencies.has(target.name)) {
    findings.push(report('undeclared', `${target.name} is missing in ${source.workspace.folder}/package.json`));
  }
  if (!mayImport(source, short, subpath, target)) findings.push(report('import', `${homeOf(source)} may not import ${specifier} here`));
  return findings;
}

function mayImport(source: Source, short: string, subpath: string, target: Workspace): boolean {
  if (target.isApp) return false;
  if (SERVES_TESTING.has(source.kind)) return true;
  if (inRules(source)) return short === 'kernel';
  if (/^\.\/model\b/.test(subpath)) return /what-if/.test(source.path);
  if (TESTING_ONLY.includes(short)) return false;
  const allowance = allowanceOf(source);
  return allowance === undefined || source.workspace === target || allowance.packages.includes(short);
}

function checkBuiltin(source: Source, { specifier }: Import, report: Report): Finding[] {
  if (!specifier.startsWith('node:')) return [report('import', `write node:${specifier}`)];
  return isPure(source) ? [report('purity', `${specifier} in pure code`)] : [];
}

function checkLibrary(tree: Tree, source: Source, entry: Import, report: Report): Finding[] {
  const { specifier } = entry;
  if (specifier.startsWith('/')) return [report('past-exports', 'an absolute path')];
  const library = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (/^drizzle-(orm|kit)$/.test(library) && source.workspace?.folder !== 'packages/database') {
    return [report('drizzle', 'only packages/database imports drizzle')];
  }
  // What a build step needs (a bundler) is a tool of the whole project.
  const declared =
    SERVES_TESTING.has(source.kind) || source.path.includes('/src/build/')
      ? tree.rootDependencies.has(library) || tree.workspaces.some(({ dependencies }) => dependencies.has(library))
      : source.workspace?.dependencies.has(library);
  // A type alone is erased: what the root has for the compiler is enough.
  const erased = entry.typeOnly && (tree.rootDependencies.has(library) || tree.rootDependencies.has(`@types/${library}`));
  if (!declared && !erased) return [report('undeclared', `${library} is missing in ${source.workspace?.folder ?? '.'}/package.json`)];
  if (SERVES_TESTING.has(source.kind)) return [];
  if (inRules(source)) return [report('import', `${RULES_ALONE}, not ${specifier}`)];
  const never = allowanceOf(source)?.never ?? [];
  const refused = never.some((name) => name === '*' || name === library || (name.endsWith('/*') && library.startsWith(name.slice(0, -1))));
  return refused ? [report('import', `${source.workspace?.folder} may not import ${library}`)] : [];
}

const RULES_ALONE = 'rules import the kernel and each other only';
const inRules = (source: Source): boolean => source.kind === 'src' && source.path.includes('/rules/');

function allowanceOf(source: Source): Allowance | undefined {
  if (source.path.startsWith('apps/web/src/pages/')) return PAGES;
  const [place, name = ''] = source.workspace?.folder.split('/') ?? [];
  return place === 'packages' ? PACKAGES[name] : undefined;
}

/** The file behind a subpath of a package's exports, or nothing. */
export function exportTarget(workspace: Workspace, subpath: string): string | undefined {
  const exact = workspace.exports[subpath];
  if (exact) return posix.join(workspace.folder, exact);
  for (const [pattern, file] of Object.entries(workspace.exports)) {
    const [before = '', after = ''] = pattern.split('*');
    if (!pattern.includes('*') || !subpath.startsWith(before) || !subpath.endsWith(after)) continue;
    return posix.join(workspace.folder, file.replace('*', subpath.slice(before.length, subpath.length - after.length)));
  }
  return undefined;
}
