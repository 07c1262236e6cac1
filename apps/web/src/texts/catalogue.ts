import type { Language } from '@onsale/contract';
import { en, type TextKey, type Texts } from './en.ts';
import { ko } from './ko.ts';
import { fill, type TextParameters } from './say.ts';

export const catalogue: Readonly<Record<Language, Texts>> = { ko, en };

/** Says a text in a language: what pages and the server call. */
export type Say = (key: TextKey, parameters?: TextParameters) => string;
export const speak =
  (language: Language): Say =>
  (key, parameters) =>
    fill(catalogue[language][key], parameters);

/** The part of the catalogue a page needs in the browser: keys whose first word is in `groups`. */
export function textsOf(language: Language, groups: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(catalogue[language]).filter(([key]) => groups.includes(key.slice(0, key.indexOf('.')))));
}
