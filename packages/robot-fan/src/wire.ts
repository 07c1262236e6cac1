import { Agent, request } from 'undici';

/** One answer as a robot saw it. `ms` is from sending to the last byte. */
export type Answer<Body = unknown> = { readonly status: number; readonly body: Body; readonly ms: number; readonly retryAfterMs: number | null };
export type Send = <Body = any>(method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH', path: string, options?: SendOptions) => Promise<Answer<Body>>;
export type SendOptions = { readonly body?: unknown; readonly headers?: Record<string, string> };
/** `originOf` the path: one gateway for everything, or one of several processes. */
export type Wire = { readonly originOf: (path: string) => string; readonly send: Send; readonly close: () => Promise<void> };

export const REQUEST_MS_MAX = 35_000;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** Statuses of our own for answers that never came. */
export const NO_ANSWER = 0;

/** A client like a browser's: keep-alive, bounded connections an origin, answers as values (a lost answer has status 0). */
export function openWire(origin: string | ((path: string) => string), connections: number): Wire {
  const originOf = typeof origin === 'string' ? () => origin : origin;
  const dispatcher = new Agent({
    connections,
    pipelining: 1,
    headersTimeout: REQUEST_MS_MAX,
    bodyTimeout: REQUEST_MS_MAX,
    connect: { timeout: 5_000 },
    maxResponseSize: ANSWER_BYTES_MAX,
  });
  const send: Send = async (method, path, { body, headers = {} } = {}) => {
    const startedAt = performance.now();
    try {
      const answer = await request(originOf(path) + path, {
        method,
        dispatcher,
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      return {
        status: answer.statusCode,
        body: parsed(text),
        ms: performance.now() - startedAt,
        retryAfterMs: retryAfterMs(answer.headers['retry-after']),
      } as Answer<any>;
    } catch (failure) {
      const code = (failure as { code?: string }).code ?? (failure as Error).name;
      return { status: NO_ANSWER, body: { code } as any, ms: performance.now() - startedAt, retryAfterMs: null };
    }
  };
  return { originOf, send, close: () => dispatcher.destroy() };
}

function parsed(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return { text: text.slice(0, 200) };
  }
}

function retryAfterMs(header: string | string[] | undefined): number | null {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) ? seconds * 1_000 : null;
}
