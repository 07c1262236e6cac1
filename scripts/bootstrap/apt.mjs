import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, run, Stopped } from './console.mjs';

const STEP_LIMIT_MS = 5 * 60_000;

/** Debian's names of the processor architectures that Node runs on. */
export const LIBRARY_FOLDERS = {
  x64: ['x86_64-linux-gnu', 'ld-linux-x86-64.so.2'],
  arm64: ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1'],
};

export function onDebian() {
  return existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-deb') && /debian/i.test(textOf('/etc/os-release'));
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Downloads `packages` with everything they need and unpacks them into `folder`/root. An own state folder with an empty list of installed
 * packages makes apt fetch the C library too, so that the result runs whatever the machine has; and it needs no right on the machine's own lists.
 * @param {string} folder
 * @param {readonly string[]} packages
 * @param {{ release?: string, otherwise: string }} options `release`: another release of Debian than the machine's, from the machine's own
 *   mirror; `otherwise`: what a person can do when it fails
 */
export async function downloadAndUnpack(folder, packages, { release, otherwise }) {
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'log', 'root', 'sources']) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'state/empty'), '');
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const settings = [
    `Dir::State=${join(folder, 'state')}`,
    `Dir::State::status=${join(folder, 'state/empty')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    `Dir::Log=${join(folder, 'log')}`,
    'Debug::NoLocking=1',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    'APT::Sandbox::User=',
    ...(release === undefined ? [] : await releaseSettings(folder, release, env)),
  ].flatMap((setting) => ['-o', setting]);
  const apt = (label, ...args) => run('apt-get', [...settings, '-q', ...args], { cwd: folder, env, label, limitMs: STEP_LIMIT_MS });
  // A foreign source on the machine may fail here without harm; whether Debian's own came shows in the next step.
  const lists = await apt('reading the package lists', 'update');
  const fetched = await apt('downloading', '-y', '-d', '--no-install-recommends', 'install', ...packages);
  if (fetched.code !== 0) {
    const said = lastLines(`${lists.output}\n${fetched.output}`, 20);
    throw new Stopped(`downloading ${packages.join(' and ')} failed:\n${said}\n${otherwise}`);
  }
  for (const name of readdirSync(join(folder, 'cache/archives')).filter((file) => file.endsWith('.deb'))) {
    const archive = join(folder, 'cache/archives', name);
    const { code, output } = await run('dpkg-deb', ['-x', archive, join(folder, 'root')], { cwd: folder, env, label: name, limitMs: STEP_LIMIT_MS });
    if (code !== 0) throw new Stopped(`unpacking ${name} failed:\n${lastLines(output, 10)}`);
  }
}

/**
 * Another release, from the mirror that serves the machine's own. Its lists are signed by Debian's archive keys, which the machine has; a
 * mirror that is behind, or frozen, serves lists whose date has passed, and serves them all the same.
 */
async function releaseSettings(folder, release, env) {
  const own = /^VERSION_CODENAME=(\S+)/m.exec(textOf('/etc/os-release'))?.[1];
  const { output } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)'], {
    cwd: folder, env, label: 'looking for the mirror', limitMs: STEP_LIMIT_MS,
  });
  const mirror = output.split('\n').map((line) => line.split(' ')).find(([, of, component]) => of === own && component === 'main')?.[0];
  if (mirror === undefined) throw new Stopped(`no mirror of ${own ?? 'this system'} among apt's sources`);
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const source = ['Types: deb', `URIs: ${mirror}`, `Suites: ${release}`, 'Components: main', ...(existsSync(keys) ? [`Signed-By: ${keys}`] : [])];
  writeFileSync(join(folder, 'sources/release.sources'), `${source.join('\n')}\n`);
  return ['Dir::Etc::sourcelist=/dev/null', `Dir::Etc::sourceparts=${join(folder, 'sources')}`, 'Acquire::Check-Valid-Until=false'];
}

/** How to start a program of an unpacked tree: through the loader and the C library among its packages. Nothing when they are not there. */
export function startOf(root, program) {
  const [folder, loaderName] = LIBRARY_FOLDERS[process.arch] ?? [];
  if (!folder) return undefined;
  const libraries = [join(root, 'lib', folder), join(root, 'usr/lib', folder)];
  const loader = libraries.map((library) => join(library, loaderName)).find((path) => existsSync(path));
  return loader && [loader, '--library-path', libraries.join(':'), join(root, program)];
}
