import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { INSIDE } from '@onsale/contract/inside';
import { StartRefused } from './ports.ts';

const READY_MS = 90_000;
/** Each look makes the gateway ask every app. */
const LOOK_MS = 50;
const ANSWER_MS = 2_000;

type Answer = { readonly status: number; readonly text: string };

/** Resolves when the gateway says on its internal listener that every app is ready. Throws StartRefused, naming who is not, when the time is over. */
export async function untilReady(gateway: string, isStopped: () => boolean, lastWordOf: (app: string) => string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  let last: Answer = { status: 0, text: 'the gateway does not answer' };
  while (performance.now() < deadline && !isStopped()) {
    const answer = await ask(gateway + INSIDE.ready);
    if (answer?.status === 200) return;
    last = answer ?? last;
    await sleep(LOOK_MS);
  }
  if (isStopped()) throw new StartRefused('stopped while starting');
  const missing = missingIn(last.text).map((name) => `  ${name}: ${lastWordOf(name)}`);
  throw new StartRefused([`not ready after ${READY_MS / 1000} s: ${last.text}`, ...missing].join('\n'));
}

/** With node's own client: fetch costs a start 60 ms. */
function ask(url: string): Promise<Answer | undefined> {
  return new Promise((done) => {
    const request = get(url, { timeout: ANSWER_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.once('end', () => done({ status: response.statusCode ?? 0, text }));
      response.once('error', () => done(undefined));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => done(undefined));
  });
}

/** The checks of a readiness reply that are not true. */
function missingIn(text: string): string[] {
  try {
    const { checks } = JSON.parse(text) as { checks: Record<string, boolean> };
    return Object.keys(checks).filter((name) => !checks[name]);
  } catch {
    return [];
  }
}
