import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Bundles the pages into dist/ unless what is there was built from the same sources. A stamp over every source's path,
 * size and time decides, so that a start without changes costs milliseconds and does not even load the bundler.
 *
 *   dist/builds/<stamp>/{fans,ops}     one build, complete or absent: it is made under another name and renamed
 *   dist/current → builds/<stamp>      changed by one rename, so a server that starts meanwhile never sees a mixture,
 *   dist/fans, dist/ops → current/…    and several processes may build at once
 */
const SOURCE = dirname(fileURLToPath(import.meta.url));
export const DIST = join(SOURCE, '..', 'dist');
export const FANS_FOLDER = join(DIST, 'fans');
export const OPS_FOLDER = join(DIST, 'ops');
const BUILDS = join(DIST, 'builds');
const STAMPED = ['pages', 'texts', 'build', 'build.ts', join('gateway', 'compression.ts'), join('html', 'api-pages.ts')].map((name) => join(SOURCE, name));
const CONTRACT = join(SOURCE, '..', '..', '..', 'packages', 'contract', 'src');
const BUILDS_KEPT = 3;

/** True when something was built. */
export async function buildPages(): Promise<boolean> {
  const stamp = stampOf([...STAMPED, CONTRACT]);
  const folder = join(BUILDS, stamp);
  const isThere = existsSync(folder);
  if (isThere && linkOf(join(DIST, 'current')) === join('builds', stamp)) return false;
  if (!isThere) await makeBuild(folder);
  point(join(DIST, 'current'), join('builds', stamp));
  for (const part of ['fans', 'ops']) if (linkOf(join(DIST, part)) === undefined) point(join(DIST, part), join('current', part));
  removeOldBuilds(stamp);
  return !isThere;
}

async function makeBuild(folder: string): Promise<void> {
  const { bundle } = await import('./build/bundle.ts');
  const fresh = `${folder}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await bundle(join(SOURCE, 'pages'), fresh);
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Another process was faster with the same sources: its build is this one.
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

/** Makes `path` a link to `target`, replacing what is there in one step. */
function point(path: string, target: string): void {
  const fresh = `${path}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  if (linkOf(path) === undefined) rmSync(path, { recursive: true, force: true });
  renameSync(fresh, path);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function removeOldBuilds(current: string): void {
  const others = readdirSync(BUILDS).filter((name) => name !== current && !name.includes('.'));
  const byAge = others
    .map((name) => ({ name, at: statSync(join(BUILDS, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((one, other) => other.at - one.at);
  for (const { name } of byAge.slice(BUILDS_KEPT - 1)) rmSync(join(BUILDS, name), { recursive: true, force: true });
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
