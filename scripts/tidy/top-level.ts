import type { Finding } from './finding.ts';
import { lineAt } from './lexer.ts';
import type { TextFile, Tree } from './tree.ts';

const ALLOWED = new Set(['apps', 'packages', 'scripts', 'bench', 'docker-compose.yml', 'package.json', 'tsconfig.base.json', 'README.md']);
/** What tools force beside them. */
const FORCED = new Set(['package-lock.json', 'tsconfig.json', 'LICENSE', 'node_modules']);

// Put together from parts, so that this file is not its own finding.
const MACHINE_PATH = new RegExp(`(?<![\\w.$}/-])/(?:${['work', 'root', 'home', 'Users'].join('|')})/[\\w.-]+`, 'g');
const HOSTS = ['regist' + 'ry', 'artifact' + 'ory', 'nex' + 'us', 'jfr' + 'og'].join('|');
const REGISTRY = new RegExp(`https?://[^\\s"')]*(?:${HOSTS})[^\\s"')]*|"resol` + `ved": "https?:|^regist` + 'ry=', 'gm');

export function checkTopLevel(tree: Tree): Finding[] {
  const strange = tree.topLevel
    .filter((name) => !name.startsWith('.') && !ALLOWED.has(name) && !FORCED.has(name))
    .map((name): Finding => ({ path: name, line: 1, rule: 'top-level', message: 'has no place at the top level' }));
  const unread = tree.workspaces
    .filter(({ folder }) => tree.sources.some(({ path }) => path.startsWith(`${folder}/src/`)))
    .filter(({ folder }) => !tree.files.some(({ path }) => path === `${folder}/README.md`))
    .map(({ folder }): Finding => ({ path: `${folder}/README.md`, line: 1, rule: 'readme', message: 'missing: purpose, guarantees, limits' }));
  return [...strange, ...unread, ...tree.files.flatMap(checkText)];
}

function checkText(file: TextFile): Finding[] {
  const found = (pattern: RegExp, rule: Finding['rule'], message: string): Finding[] =>
    [...file.text.matchAll(pattern)].map((match) => ({ path: file.path, line: lineAt(file.text, match.index), rule, message: `${message}: ${match[0]}` }));
  return [...found(MACHINE_PATH, 'machine-path', 'a path of one machine'), ...found(REGISTRY, 'registry', 'the address of a package registry')];
}
