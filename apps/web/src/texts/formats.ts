import type { Language } from '@onsale/contract';

const LOCALES: Readonly<Record<Language, string>> = { ko: 'ko-KR', en: 'en-GB' };
/** Decimal places of the currencies in use; amounts are minor units. */
const DECIMALS: Readonly<Record<string, number>> = { KRW: 0, JPY: 0, USD: 2, EUR: 2 };

/** Shows are read where they happen. */
const SHOW_TIME_ZONE = 'Asia/Seoul';

export function formatMoney(amount: number, currency: string, language: Language): string {
  const decimals = DECIMALS[currency] ?? 0;
  const value = amount / 10 ** decimals;
  if (currency === 'KRW' && language === 'ko') return `${value.toLocaleString('ko-KR')}원`;
  return new Intl.NumberFormat(LOCALES[language], {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(value);
}

const ZONE_NAMES: Readonly<Record<Language, string>> = { ko: '한국 시간', en: 'Korea time' };

/**
 * When a show begins, read where it happens. Whoever reads it elsewhere is told whose clock it is; a server does not know where its readers are,
 * so it says so in every language but the one of the place. `readerZone`: the reader's, null on a server.
 */
export function formatDate(iso: string, language: Language, readerZone: string | null = zoneOfReader()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const text = new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'full', timeStyle: 'short', timeZone: SHOW_TIME_ZONE }).format(date);
  const isHome = readerZone === null ? language === 'ko' : clockIn(readerZone, date) === clockIn(SHOW_TIME_ZONE, date);
  return isHome ? text : `${text} (${ZONE_NAMES[language]})`;
}

const clockIn = (timeZone: string, date: Date): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'short', timeStyle: 'short', timeZone }).format(date);
const zoneOfReader = (): string | null => ('document' in globalThis ? Intl.DateTimeFormat().resolvedOptions().timeZone : null);
