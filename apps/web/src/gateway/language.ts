import type { Language } from '@onsale/contract';

/** The fan's choice, kept for a year; readable by pages, not a secret. */
export const LANGUAGE_COOKIE = 'onsale_lang';
export const LANGUAGES: readonly Language[] = ['ko', 'en'];
const ACCEPTED_MAX = 20;

export const isLanguage = (text: unknown): text is Language => text === 'ko' || text === 'en';

/** Precedence: `?lang=`, cookie, Accept-Language, English. */
export function chooseLanguage(query: unknown, cookieHeader: string | undefined, acceptLanguage: string | undefined): Language {
  if (isLanguage(query)) return query;
  const kept = cookieValue(cookieHeader, LANGUAGE_COOKIE);
  if (isLanguage(kept)) return kept;
  return preferred(acceptLanguage) ?? 'en';
}

function preferred(header: string | undefined): Language | undefined {
  if (header === undefined) return undefined;
  const wishes = header.split(',', ACCEPTED_MAX).map((part) => {
    const [range = '', ...parameters] = part.trim().toLowerCase().split(';');
    const quality = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('q='));
    return { base: range.split('-')[0], weight: quality === undefined ? 1 : Number(quality.slice(2)) };
  });
  wishes.sort((one, other) => other.weight - one.weight);
  const best = wishes.find((wish) => wish.weight > 0 && isLanguage(wish.base));
  return isLanguage(best?.base) ? best.base : undefined;
}

export function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
