import { readdirSync, readFileSync, writeFileSync, mkdirSync, copyFileSync, existsSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import type { Manifest, PageAssets } from '../gateway/assets.ts';
import { encodeBody } from '../gateway/compression.ts';
import { opsDocument, opsProblems } from './ops-document.ts';
import { TARGET } from './target.ts';

/** Pages served by the gateway, each with `main.ts(x)` and optionally a style sheet of its own. */
const FAN_PAGES = ['home', 'event', 'lost', 'queue', 'seats', 'order', 'tickets', 'plain', 'docs'] as const;
/**
 * The page that everybody opens in the same minute shares no file with the others: what it shows first is one script and one sheet,
 * smaller and each asked for once, where the pages behind the door share their parts.
 */
const CROWDED = 'queue';
const BROTLI_QUALITY = 11;

/**
 * Contract modules only declare: a page that imports one constant must not carry the schema library with it.
 */
const contractIsPure: Plugin = {
  name: 'contract-is-pure',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^(@onsale\/(contract|kernel)|typebox)/ }, async (found) => {
      if (found.pluginData === 'resolved') return undefined;
      const resolved = await pluginBuild.resolve(found.path, { resolveDir: found.resolveDir, kind: found.kind, pluginData: 'resolved' });
      return { ...resolved, sideEffects: false };
    });
    pluginBuild.onResolve({ filter: /^\.\/[\w-]+\.ts$/ }, (found) =>
      found.importer.includes(join('packages', 'contract')) || found.importer.includes(join('packages', 'kernel'))
        ? { path: resolve(found.resolveDir, found.path), sideEffects: false }
        : undefined,
    );
  },
};

export async function bundle(pages: string, folder: string): Promise<void> {
  await bundleFans(pages, join(folder, 'fans'));
  if (existsSync(join(pages, 'ops', 'main.tsx'))) await bundleOps(pages, join(folder, 'ops'));
}

const shared = {
  bundle: true,
  minify: true,
  format: 'esm',
  target: TARGET,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  metafile: true,
  write: true,
  legalComments: 'none',
  charset: 'utf8',
  plugins: [contractIsPure],
  logLevel: 'warning',
} as const;

async function bundleFans(pages: string, folder: string): Promise<void> {
  const assets = join(folder, 'assets');
  const entries = FAN_PAGES.flatMap((page) => entryOf(pages, page).map((path) => ({ in: path, out: page })));
  const scripts = await Promise.all(
    [entries.filter(({ out }) => out === CROWDED), entries.filter(({ out }) => out !== CROWDED)].map((entryPoints) =>
      build({
        ...shared,
        plugins: [...shared.plugins],
        entryPoints,
        splitting: true,
        outdir: assets,
        entryNames: '[name]-[hash]',
        chunkNames: 'part-[hash]',
      }),
    ),
  );
  const gate = await build({
    ...shared,
    plugins: [],
    target: 'es5',
    format: 'iife',
    entryPoints: [{ in: join(pages, 'target', 'main.ts'), out: 'target' }],
    outdir: assets,
    entryNames: '[name]-[hash]',
  });
  const sheets = [
    { in: join(pages, 'styles', 'base.css'), out: 'base' },
    ...FAN_PAGES.flatMap((page) => styleOf(pages, page).map((path) => ({ in: path, out: page }))),
  ];
  const styles = await build({ ...shared, plugins: [], entryPoints: sheets, outdir: assets, entryNames: '[name]-[hash]' });
  const manifest: Manifest = { ...manifestOf(pages, scripts.map(({ metafile }) => metafile), styles.metafile), target: gateOf(gate.metafile) };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 1));
  copyFileSync(join(pages, 'styles', 'favicon.svg'), join(folder, 'favicon.svg'));
  await precompress(assets);
}

const entryOf = (pages: string, page: string): string[] =>
  ['main.tsx', 'main.ts']
    .map((name) => join(pages, page, name))
    .filter((path) => existsSync(path))
    .slice(0, 1);
const styleOf = (pages: string, page: string): string[] => [join(pages, page, `${page}.css`)].filter((path) => existsSync(path));

function manifestOf(pages: string, scripts: readonly Metafile[], styles: Metafile): Manifest {
  const address = (path: string): string => `/assets/${basename(path)}`;
  const byEntry = (metafile: Metafile, entry: string) =>
    Object.entries(metafile.outputs).find(([, output]) => output.entryPoint !== undefined && resolve(output.entryPoint) === entry);
  return Object.fromEntries(
    FAN_PAGES.map((page): [string, PageAssets] => {
      const entry = entryOf(pages, page)[0];
      const found = entry === undefined ? undefined : scripts.map((metafile) => byEntry(metafile, entry)).find((output) => output !== undefined);
      const sheets = [...(page === CROWDED ? [] : [join(pages, 'styles', 'base.css')]), ...styleOf(pages, page)].flatMap(
        (path) => byEntry(styles, path)?.[0] ?? [],
      );
      return [
        page,
        {
          script: found === undefined ? '' : address(found[0]),
          styles: sheets.map(address),
          preload: found === undefined ? [] : found[1].imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => address(path)),
        },
      ];
    }),
  );
}

/** The script that tells a browser below the target. */
const gateOf = ({ outputs }: Metafile): PageAssets => ({
  script: `/assets/${basename(Object.keys(outputs)[0] ?? '')}`,
  styles: [],
  preload: [],
});

/** The ops console is served by another app from its own folder: one document, relative addresses. */
async function bundleOps(pages: string, folder: string): Promise<void> {
  const assets = join(folder, 'assets');
  const outputs = await build({
    ...shared,
    plugins: [...shared.plugins],
    entryPoints: [
      { in: join(pages, 'ops', 'main.tsx'), out: 'ops' },
      { in: join(pages, 'ops', 'ops.css'), out: 'ops-style' },
      { in: join(pages, 'docs', 'docs.css'), out: 'docs-style' },
    ],
    outdir: assets,
    entryNames: '[name]-[hash]',
  });
  const names = Object.keys(outputs.metafile.outputs).map((path) => relative(folder, resolve(path)));
  const find = (out: string, suffix: string): string => `/${names.find((name) => name.startsWith(`assets/${out}-`) && name.endsWith(suffix)) ?? ''}`;
  const style = find('ops-style', '.css');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), opsDocument(find('ops', '.js'), style));
  writeFileSync(join(folder, 'problems.html'), opsProblems([style, find('docs-style', '.css')]));
  copyFileSync(join(pages, 'styles', 'favicon.svg'), join(folder, 'favicon.svg'));
  await precompress(assets);
}

async function precompress(folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const { br, gzip } = await encodeBody(readFileSync(path), BROTLI_QUALITY);
    if (br !== null) writeFileSync(`${path}.br`, br);
    if (gzip !== null) writeFileSync(`${path}.gz`, gzip);
  }
}
