import type { Source } from './tree.ts';

/** The package or app a file belongs to, else `scripts` or `bench`. */
export const homeOf = (source: Source): string => source.workspace?.folder ?? (source.path.split('/')[0] as string);

const PURE_PACKAGES = ['packages/kernel', 'packages/contract'];

/** Code that only decides: same input, same answer, nothing else happens. */
export function isPure(source: Source): boolean {
  if (source.kind !== 'src') return false;
  return source.path.includes('/rules/') || PURE_PACKAGES.includes(homeOf(source)) || /^apps\/web\/.*page-state/.test(source.path);
}
