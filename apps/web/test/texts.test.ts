import { problems } from '@onsale/contract';
import t from 'tap';
import { chooseLanguage } from '../src/gateway/language.ts';
import { catalogue, textsOf } from '../src/texts/catalogue.ts';
import { en } from '../src/texts/en.ts';
import { formatDate, formatMoney } from '../src/texts/formats.ts';
import { ko } from '../src/texts/ko.ts';
import { fill } from '../src/texts/say.ts';

t.test('both languages say the same things', async (t) => {
  t.same(Object.keys(ko).sort(), Object.keys(en).sort());
  const slots = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1] as string))].sort();
  for (const [key, english] of Object.entries(en)) {
    const korean = ko[key as keyof typeof ko];
    t.ok(english.trim() !== '' && korean.trim() !== '', `${key} is said`);
    t.same(slots(korean), slots(english), `${key} takes the same parameters`);
  }
  t.equal(Object.keys(catalogue).length, 2);
});

t.test('plural, unknown slots, groups', async (t) => {
  t.equal(fill('{count} {count|seat|seats}', { count: 1 }), '1 seat');
  t.equal(fill('{count} {count|seat|seats}', { count: '1,204' }), '1,204 seats');
  t.equal(fill('{missing} {other|a|b}', {}), '{missing} {other|a|b}', 'a mistake shows');
  const queue = textsOf('ko', ['queue']);
  t.ok(Object.keys(queue).every((key) => key.startsWith('queue.')));
  t.ok(Object.keys(queue).length > 40);
  t.ok(Object.keys(problems).length > 0);
});

t.test('language: query, cookie, header, English', async (t) => {
  t.equal(chooseLanguage('ko', 'onsale_lang=en', 'en'), 'ko');
  t.equal(chooseLanguage('xx', 'a=b; onsale_lang=ko', 'en'), 'ko');
  t.equal(chooseLanguage(undefined, 'onsale_lang=%3Cscript%3E', 'ko-KR,ko;q=0.9,en;q=0.8'), 'ko');
  t.equal(chooseLanguage(undefined, undefined, 'fr-FR, en;q=0.5, ko;q=0.7'), 'ko');
  t.equal(chooseLanguage(['ko', 'en'], undefined, 'ko;q=0, en;q=0.1'), 'en');
  t.equal(chooseLanguage(undefined, undefined, undefined), 'en');
});

t.test('money and dates', async (t) => {
  t.equal(formatMoney(198_000, 'KRW', 'ko'), '198,000원');
  t.equal(formatMoney(198_000, 'KRW', 'en'), '₩198,000');
  t.equal(formatMoney(1_250, 'USD', 'en'), '$12.50');
  t.match(formatDate('2027-03-06T10:00:00.000Z', 'ko'), /2027년 3월 6일.*오후 7:00/);
  t.equal(formatDate('nonsense', 'en'), 'nonsense');
  const at = '2027-03-06T10:00:00.000Z';
  t.match(formatDate(at, 'en', 'Europe/Berlin'), /19:00 \(Korea time\)$/, 'abroad the zone is named');
  t.match(formatDate(at, 'ko', 'America/New_York'), /\(한국 시간\)$/);
  t.notMatch(formatDate(at, 'en', 'Asia/Seoul'), /Korea/);
  t.notMatch(formatDate(at, 'en', 'Asia/Tokyo'), /Korea/, 'the same clock');
  t.match(formatDate(at, 'en', null), /\(Korea time\)$/, 'a server does not know where its readers are');
});
