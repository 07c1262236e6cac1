import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { lex, lineAt, type Lexed } from './lexer.ts';

/** Where code stands decides what it may do. `test` is also what serves tests only. */
export type Kind = 'src' | 'test' | 'scripts' | 'bench';

export type Import = {
  readonly specifier: string;
  readonly line: number;
  /** Erased before it runs. */
  readonly typeOnly: boolean;
  /** `import()`: runs later, so it makes no cycle. */
  readonly dynamic: boolean;
};

/** A file of TypeScript or JavaScript. `path` is relative to the root, with slashes. */
export type Source = Lexed & {
  readonly path: string;
  readonly text: string;
  readonly kind: Kind;
  /** Folder of the package or app it belongs to; none for scripts and bench. */
  readonly workspace: Workspace | undefined;
  readonly imports: readonly Import[];
};

export type Workspace = {
  readonly folder: string;
  readonly name: string;
  readonly isApp: boolean;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: ReadonlySet<string>;
};

export type TextFile = { readonly path: string; readonly text: string };

export type Tree = {
  readonly root: string;
  readonly topLevel: readonly string[];
  readonly files: readonly TextFile[];
  readonly sources: readonly Source[];
  readonly workspaces: readonly Workspace[];
  /** What the root's package.json names: tools of tests, scripts and benches. */
  readonly rootDependencies: ReadonlySet<string>;
};

const SKIPPED = new Set(['node_modules', '.git', '.data', '.tap', 'dist', 'coverage', '.DS_Store']);
const CODE = new Set(['.ts', '.tsx', '.mts', '.mjs', '.js', '.jsx']);
const TEXT_FILE_MAX_BYTES = 2 * 1024 * 1024;

export function readTree(root: string): Tree {
  const files = listFiles(root, '')
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ text }) => !text.includes('\0'));
  const workspaces = files.flatMap((file) => workspaceOf(file) ?? []);
  const manifest = files.find(({ path }) => path === 'package.json');
  return {
    root,
    topLevel: readdirSync(root),
    files,
    workspaces,
    rootDependencies: dependenciesOf(manifest ? JSON.parse(manifest.text) : {}),
    sources: files.filter(({ path }) => CODE.has(extname(path))).flatMap((file) => sourceOf(file, workspaces) ?? []),
  };
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (SKIPPED.has(entry.name) || entry.isSymbolicLink()) return [];
    if (entry.isDirectory()) return listFiles(root, path);
    return statSync(join(root, path)).size <= TEXT_FILE_MAX_BYTES ? [path] : [];
  });
}

function workspaceOf({ path, text }: TextFile): Workspace | undefined {
  const match = /^((packages|apps)\/[^/]+)\/package\.json$/.exec(path);
  if (!match) return undefined;
  const manifest = JSON.parse(text) as { name: string; exports?: Record<string, string> };
  const isApp = match[2] === 'apps';
  return { folder: match[1] as string, name: manifest.name, isApp, exports: manifest.exports ?? {}, dependencies: dependenciesOf(manifest) };
}

function dependenciesOf(manifest: object): Set<string> {
  const fields = manifest as Record<string, Record<string, string> | undefined>;
  return new Set(['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].flatMap((field) => Object.keys(fields[field] ?? {})));
}

function sourceOf(file: TextFile, workspaces: readonly Workspace[]): Source | undefined {
  const workspace = workspaces.find(({ folder }) => file.path.startsWith(`${folder}/`));
  const kind = kindOf(file.path, workspace);
  if (!kind) return undefined;
  const lexed = lex(file.text);
  return { ...file, ...lexed, kind, workspace, imports: importsOf(file.text, lexed.code) };
}

function kindOf(path: string, workspace: Workspace | undefined): Kind | undefined {
  if (/(^|\/)test\//.test(path)) return 'test';
  if (workspace) return workspace.folder === 'packages/testing' ? 'test' : 'src';
  if (path.startsWith('scripts/')) return 'scripts';
  return path.startsWith('bench/') ? 'bench' : undefined;
}

const STATIC = /\b(?:import|export)\b(\s+type\b(?!\s*,|\s+from\b))?[^'"`;()]*?\bfrom\s*(?=['"])|\bimport\s*(?=['"])/g;
const DYNAMIC = /\b(?:import|require|require\.resolve)\s*\(\s*(?=['"])/g;

function importsOf(text: string, code: string): Import[] {
  const found = (pattern: RegExp, dynamic: boolean): Import[] =>
    [...code.matchAll(pattern)].map((match) => {
      const quote = match.index + match[0].length;
      const end = code.indexOf(code[quote] as string, quote + 1);
      return { specifier: text.slice(quote + 1, end), line: lineAt(text, quote), typeOnly: match[1] !== undefined, dynamic };
    });
  return [...found(STATIC, false), ...found(DYNAMIC, true)];
}
