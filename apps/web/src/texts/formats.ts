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

export function formatDate(iso: string, language: Language): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'full', timeStyle: 'short', timeZone: SHOW_TIME_ZONE }).format(date);
}
