import { basename, dirname } from 'node:path';
import type { Finding } from './finding.ts';
import type { Source, Tree } from './tree.ts';

/** Each script opens with a comment that is its contract, has a typed verb of the same name, and a test that runs the verb. */
export function checkLua(tree: Tree): Finding[] {
  return tree.files
    .filter(({ path }) => path.endsWith('.lua'))
    .flatMap(({ path, text }) => {
      const report = (message: string): Finding => ({ path, line: 1, rule: 'lua', message });
      const findings = text.startsWith('--') ? [] : [report('no header: purpose, guarantees, keys, args, returns')];
      if (basename(dirname(path)) !== 'lua') return findings;
      const folder = dirname(dirname(path));
      const verb = basename(path, '.lua');
      const sources = tree.sources.filter((source) => source.path.startsWith(`${folder}/`));
      // The verb of the same name, or another that calls the script by its name (a feed has several).
      const calls = ({ kind, path, strings }: Source): boolean =>
        kind === 'src' && (path === `${folder}/src/${verb}.ts` || strings.some(({ value }) => value === verb));
      const callers = sources.filter(calls);
      if (callers.length === 0) findings.push(report(`no typed verb src/${verb}.ts`));
      const names = [verb, ...callers.map(({ path }) => basename(path, '.ts'))].flatMap((name) => [name, camelCase(name)]);
      const named = new RegExp(`\\b(?:${names.join('|')})\\b`);
      const tested = sources.some(({ kind, code, strings }) => kind === 'test' && (named.test(code) || strings.some(({ value }) => named.test(value))));
      return tested ? findings : [...findings, report(`no test of ${folder} names ${camelCase(verb)}`)];
    });
}

const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
