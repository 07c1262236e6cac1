import { ADMISSION_PREFIX, BOOKING_PREFIX, BUDGET_MS, GATEWAY_MARGIN_MS } from '@onsale/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { forwarded, type Edge } from './sockets.ts';
import { bookingUpstream, type Upstreams } from './proxy.ts';

/** What an app answered to a question that the gateway put for a fan; `code` is that of a refusal. Null: the app is away. */
export type Reached = { readonly status: number; readonly body: unknown; readonly code: string | null; readonly cookies: readonly string[] };
export type Asking = { readonly upstreams: Upstreams; readonly edge: Edge };
export type Question = {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Cookies that the same press has just been given; of two by one name the first counts. */
  readonly fresh?: readonly string[];
  readonly timeoutMs?: number;
};
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What changes nothing is asked again by the page soon. */
export const LOOK_MS = 5_000;
/**
 * What a press changes is waited for as long as the app may take. All calls of one press share this time, so that the page's own answer comes before
 * the proxy in front gives up.
 *
 *   app: BUDGET_MS ──► call: PRESS_WAIT_MS ──► page's route: PRESS_BUDGET_MS ──► nginx
 */
export const PRESS_WAIT_MS = BUDGET_MS + GATEWAY_MARGIN_MS / 2;
export const PRESS_BUDGET_MS = BUDGET_MS + GATEWAY_MARGIN_MS;
const presses = new WeakMap<FastifyRequest, AbortSignal>();

function patience(request: FastifyRequest, method: Method, timeoutMs: number | undefined): AbortSignal {
  if (timeoutMs !== undefined || method === 'GET') return AbortSignal.timeout(timeoutMs ?? LOOK_MS);
  const press = presses.get(request) ?? AbortSignal.timeout(PRESS_WAIT_MS);
  presses.set(request, press);
  return press;
}

export const admissionUrl = ({ upstreams }: Asking, path: string): string => `${upstreams.admission}${ADMISSION_PREFIX}${path}`;
export const bookingUrl = ({ upstreams }: Asking, path: string): string => `${bookingUpstream(upstreams.booking, path)}${BOOKING_PREFIX}${path}`;

/** Asks an app as this fan, with the fan's own cookies: pages for browsers without scripts are made of such answers. */
export async function askApp(request: FastifyRequest, context: Asking, method: Method, url: string, question: Question = {}): Promise<Reached | null> {
  const { body, fresh = [], timeoutMs } = question;
  const headers: Record<string, string> = { ...forwarded(request.raw, context.edge), accept: 'application/json', ...question.headers };
  const cookie = [...fresh.map((line) => line.split(';', 1)[0]), request.headers.cookie].filter((part) => part !== undefined && part !== '').join('; ');
  if (cookie !== '') headers['cookie'] = cookie;
  if (request.headers.origin !== undefined) headers['origin'] = request.headers.origin;
  // The return from a payment window is a navigation that another site began; what it brings is its own proof.
  else headers['sec-fetch-site'] = method === 'GET' ? 'same-origin' : 'none';
  const hasBody = method === 'POST' || method === 'PUT';
  if (hasBody) headers['content-type'] = 'application/json';
  try {
    const signal = patience(request, method, timeoutMs);
    const reply = await fetch(url, { method, headers, body: hasBody ? JSON.stringify(body ?? {}) : null, signal, redirect: 'error' });
    const text = await reply.text();
    const parsed: unknown = text === '' ? null : JSON.parse(text);
    return { status: reply.status, body: parsed, code: reply.status < 300 ? null : codeIn(parsed), cookies: reply.headers.getSetCookie() };
  } catch {
    return null;
  }
}

const codeIn = (body: unknown): string => {
  const code = (body as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'internal';
};

export const handOver = (reply: FastifyReply, cookies: readonly string[] = []): void => {
  for (const cookie of cookies) void reply.header('set-cookie', cookie);
};
