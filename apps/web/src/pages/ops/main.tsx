import type { Language } from '@onsale/contract';
import { problems } from '@onsale/contract';
import { ops as en } from '../../texts/en/ops.ts';
import { shell as shellEn } from '../../texts/en/shell.ts';
import { ops as ko } from '../../texts/ko/ops.ts';
import { shell as shellKo } from '../../texts/ko/shell.ts';
import { keep, kept } from '../shared/kept.ts';
import { sayWith } from '../shared/page-data.ts';
import { showPage } from '../shared/show-page.ts';
import { OpsConsole } from './console.ts';
import { ConsolePage } from './view/console-page.tsx';

/** Both languages travel with the console: ops serves it as a plain file, and operators share screens. */
const TEXTS = { en: { ...shellEn, ...en }, ko: { ...shellKo, ...ko } } as const;
const isLanguage = (value: unknown): value is Language => value === 'ko' || value === 'en';

const asked = new URLSearchParams(location.search).get('lang');
const remembered = kept<string>('ops-language');
let language: Language = isLanguage(asked) ? asked : isLanguage(remembered) ? remembered : navigator.language.startsWith('ko') ? 'ko' : 'en';

const operations = new OpsConsole(() => draw());
const changeLanguage = (): void => {
  language = language === 'ko' ? 'en' : 'ko';
  keep('ops-language', language);
  draw();
};
const draw = showPage(() => {
  document.documentElement.lang = language;
  const say = sayWith(TEXTS[language]);
  document.title = `Onsale · ${say('ops.title')}`;
  const problemText = (code: string): string =>
    Object.hasOwn(problems, code) ? problems[code as keyof typeof problems][language] : code === 'offline' ? say('shell.offline') : code;
  return (
    <ConsolePage operations={operations} state={operations.state} say={say} language={language} problemText={problemText} onLanguage={changeLanguage} />
  );
});
