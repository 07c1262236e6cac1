import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, run, say, Stopped } from './console.mjs';

const BUILD_LIMIT_MS = 5 * 60_000;

/**
 * tap's test class is generated from its list of plugins. The one that comes from the registry has the TypeScript plugin, which cannot
 * work with the compiler we use (Node runs our tests as they are), so it is generated anew after each installation.
 */
export function tapIsBuilt(checkout) {
  const built = join(checkout, 'node_modules/@tapjs/test/test-built/dist/esm/index.js');
  return existsSync(built) && existsSync(join(checkout, '.tap/plugins/node_modules')) && !readFileSync(built, 'utf8').includes('@tapjs/typescript');
}

export async function buildTap(checkout) {
  say('building the test runner (once, about 10 s) …');
  const own = join(checkout, 'node_modules/.bin/node');
  const node = existsSync(own) ? own : process.execPath;
  const args = [join(checkout, 'node_modules/tap/dist/esm/run.mjs'), 'build'];
  const { code, output } = await run(node, args, { cwd: checkout, env: process.env, label: 'tap build', limitMs: BUILD_LIMIT_MS });
  if (code !== 0 || !tapIsBuilt(checkout)) throw new Stopped(`tap build failed:\n${lastLines(output, 20)}`);
}
