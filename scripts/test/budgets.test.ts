import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ADMISSION_PREFIX, API_PREFIX, BOOKING_PREFIX, BUDGET_MS, CONFIRM_BUDGET_MS, ConfirmBody, PROXY_MARGIN_MS, routes } from '@onsale/contract';
import t from 'tap';

// nginx stands furthest out: it waits longer than the app behind it may take, whatever the route. Read from the template itself.

const template = readFileSync(resolve(import.meta.dirname, '../images/nginx.conf.template'), 'utf8');
const SECOND_MS = 1_000;
const READ_TIMEOUT = /proxy_read_timeout\s+(\d+)s;/;

type Location = { readonly how: string; readonly path: string; readonly waitsMs: number };

/** Of the fans' server, in the order of the file; what a location does not say it takes from above. */
function locationsOf(text: string): Location[] {
  const usual = Number(READ_TIMEOUT.exec(text.slice(0, text.indexOf('server {')))?.[1]) * SECOND_MS;
  const fans = text.split(/^server \{/m).find((part) => part.includes('${PUBLIC_HOST};') && part.includes('location /api/')) ?? '';
  return [...fans.matchAll(/location (=|~)? ?(\S+)\s*\{([^}]*)\}/g)].map(([, how = '', path = '', body = '']) => {
    const own = READ_TIMEOUT.exec(body)?.[1];
    return { how, path, waitsMs: own === undefined ? usual : Number(own) * SECOND_MS };
  });
}

/** As nginx chooses: the exact one, else the first regular expression in the file, else the longest prefix. */
function locationOf(locations: readonly Location[], path: string): Location | undefined {
  const prefixes = locations.filter(({ how, path: prefix }) => how === '' && path.startsWith(prefix)).sort((one, other) => other.path.length - one.path.length);
  return locations.find(({ how, path: exact }) => how === '=' && exact === path)
    ?? locations.find(({ how, path: pattern }) => how === '~' && new RegExp(pattern).test(path))
    ?? prefixes[0];
}

const SAMPLE: Record<string, string> = { ':room': 'demo', ':show': 'demo', ':id': 'A'.repeat(22), ':n': '1' };
const open = routes.filter(({ api }) => [ADMISSION_PREFIX, BOOKING_PREFIX].includes(API_PREFIX[api]));
const waits = (text: string): string[] =>
  open.flatMap(({ api, method, path, budgetMs = BUDGET_MS }) => {
    const url = API_PREFIX[api] + path.replace(/:\w+/g, (name) => SAMPLE[name] ?? 'x');
    const { waitsMs = 0 } = locationOf(locationsOf(text), url) ?? {};
    return waitsMs >= budgetMs + PROXY_MARGIN_MS ? [] : [`${method} ${url}: nginx waits ${waitsMs} ms, the app ${budgetMs}`];
  });

t.test('nginx waits a second longer than the app, on every route', async (t) => {
  t.ok(open.length > 20);
  t.same(waits(template), []);
  const confirm = /confirm\$/;
  t.equal(locationsOf(template).find(({ path }) => confirm.test(path))?.waitsMs, 46_000);
});

t.test('whatever confirms a payment may wait for the provider', async (t) => {
  const confirming = routes.filter(({ body }) => body === ConfirmBody);
  t.equal(confirming.length, 2, 'by the order, and by the proof that another browser brought back');
  for (const { path, budgetMs } of confirming) t.equal(budgetMs, CONFIRM_BUDGET_MS, path);
});

t.test('control: a template that waits as long as the app, or has one time for all, is found out', async (t) => {
  t.not(waits(template.replace(/proxy_read_timeout\s+16s/, 'proxy_read_timeout 15s')).length, 0);
  t.match(waits(template.replace(/proxy_read_timeout\s+46s;/, '')), [/confirm: nginx waits 16000 ms, the app 45000/]);
});
