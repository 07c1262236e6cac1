import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** Real Chromium for tests of pages; those that have none skip with a line that says so. */
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
/** Longest wait for what a page is to show. */
const STEP_MS = 10_000;
export const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } } as const;
export type SizeName = keyof typeof SIZES;

export const chromiumIsHere = (): boolean => existsSync(CHROMIUM);
/** What a test says that could not run. */
export const NO_CHROMIUM = `no ${CHROMIUM}`;
/** `keepsPages`: pages that are left stay in memory and come back with Back, as in every browser of a fan; playwright turns that off. */
export const openBrowser = ({ keepsPages = false }: { readonly keepsPages?: boolean } = {}): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS, ignoreDefaultArgs: keepsPages ? ['--disable-back-forward-cache'] : false });

/** A browser of a size and language, and everything its pages complained about but answers that are refusals: those are part of a story. */
export type Visitor = { readonly context: BrowserContext; readonly page: Page; readonly complaints: string[] };

export async function openVisitor(
  browser: Browser,
  size: SizeName,
  language: 'ko' | 'en',
  { stepMs = STEP_MS, ...more }: { readonly javaScriptEnabled?: boolean; readonly colorScheme?: 'light' | 'dark'; readonly stepMs?: number } = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: SIZES[size],
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    timezoneId: 'Asia/Seoul',
    deviceScaleFactor: size === 'phone' ? 2 : 1,
    hasTouch: size === 'phone',
    ...more,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(stepMs);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    const isRefusal = message.text().includes('Failed to load resource');
    if ((message.type() === 'error' || message.type() === 'warning') && !isRefusal) complaints.push(`console: ${message.text()}`);
  });
  return { context, page, complaints };
}
