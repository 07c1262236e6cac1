import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Bundles the pages into dist/ unless what is there was built from the same sources. A stamp over every source's path,
 * size and time decides, so that a start without changes costs milliseconds and does not even load the bundler.
 */
const SOURCE = dirname(fileURLToPath(import.meta.url));
export const DIST = join(SOURCE, '..', 'dist');
export const FANS_FOLDER = join(DIST, 'fans');
export const OPS_FOLDER = join(DIST, 'ops');
const STAMPED = ['pages', 'texts', 'build', 'build.ts'].map((name) => join(SOURCE, name));
const CONTRACT = join(SOURCE, '..', '..', '..', 'packages', 'contract', 'src');

/** True when something was built. */
export async function buildPages(): Promise<boolean> {
  const stamp = stampOf([...STAMPED, CONTRACT]);
  const stampFile = join(DIST, 'stamp');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;
  const { bundle } = await import('./build/bundle.ts');
  const fresh = `${DIST}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await bundle(join(SOURCE, 'pages'), fresh);
  writeFileSync(join(fresh, 'stamp'), stamp);
  // Whole folders change places: a server that starts meanwhile finds the old pages or the new, never a mixture.
  const old = `${DIST}.${process.pid}.old`;
  if (existsSync(DIST)) renameSync(DIST, old);
  renameSync(fresh, DIST);
  rmSync(old, { recursive: true, force: true });
  return true;
}

function stampOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    const stat = statSync(path);
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  for (const path of paths) visit(path);
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const began = performance.now();
  const built = await buildPages();
  process.stdout.write(`${built ? 'pages built' : 'pages are up to date'} in ${Math.round(performance.now() - began)} ms\n`);
}
