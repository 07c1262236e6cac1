import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from './checkout.ts';

/*
 * A start of six processes is spent on loading files: each reads 1,300 to 2,000, of which typebox's 683 are as many as Fastify's, Redis'
 * and MySQL's clients together. Read as a handful of larger files they cost 0.03 s of processor time instead of 0.15 s, six times. This
 * is for `npm start` alone: tests, benches and production load the library as it is published. Failing changes nothing but the time.
 */
const LIBRARY = 'typebox';
const PACKAGE = join(CHECKOUT, 'node_modules', LIBRARY);

/** Folder with the library in few files, made when this version of it has none yet; undefined when that did not succeed. */
export async function bundleLibraries(dataFolder: string): Promise<string | undefined> {
  try {
    const { version, exports } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string; exports: Record<string, unknown> };
    const folder = join(dataFolder, 'libraries', `${LIBRARY}-${version}`);
    if (existsSync(folder)) return folder;
    const entries = Object.keys(exports).filter((path) => /^\.(\/[\w-]+)?$/.test(path));
    const fresh = `${folder}.${process.pid}`;
    await bundle(entries, fresh);
    forget(join(dataFolder, 'libraries'), `${LIBRARY}-${version}.${process.pid}`);
    renameSync(fresh, folder);
    return folder;
  } catch {
    return undefined;
  }
}

async function bundle(entries: readonly string[], folder: string): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    // One build with shared parts: each module of the library still exists once.
    entryPoints: entries.map((path) => ({ in: LIBRARY + path.slice(1), out: path === '.' ? LIBRARY : `${LIBRARY}-${path.slice(2)}` })),
    absWorkingDir: CHECKOUT,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
  });
}

/** Other versions, and what an interrupted build left. */
function forget(folder: string, keep: string): void {
  for (const name of readdirSync(folder)) if (name !== keep) rmSync(join(folder, name), { recursive: true, force: true });
}
