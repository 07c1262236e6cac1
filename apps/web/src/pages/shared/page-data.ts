import type { Language } from '@onsale/contract';
import { fill, type TextParameters } from '../../texts/say.ts';
import type { TextKey } from '../../texts/en.ts';

/** What the server wrote into the page for its script. */
export type PageData = {
  readonly language: Language;
  readonly texts: Readonly<Record<string, string>>;
  readonly problems?: Readonly<Record<string, string>>;
};

export function readPageData<Data extends PageData>(): Data {
  return JSON.parse(document.getElementById('page-data')?.textContent ?? '{}') as Data;
}

export type Say = (key: TextKey, parameters?: TextParameters) => string;
export const sayWith =
  (texts: Readonly<Record<string, string>>): Say =>
  (key, parameters) =>
    fill(texts[key] ?? key, parameters);
