/** A call to one of the apps: the parsed body, or the refusal's code. Network trouble is a refusal too: `offline`. */
export type Answer<Body> = { readonly ok: true; readonly status: number; readonly body: Body; readonly headers: Headers } | Refusal;
export type Refusal = {
  readonly ok: false;
  readonly status: number;
  readonly code: string;
  readonly retryAfterMs: number | null;
  readonly problem: Readonly<Record<string, unknown>>;
};

export type CallOptions = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** `default` for what the server marks as cacheable; everything else is asked anew. */
  readonly cache?: 'default' | 'no-store';
};

export const ADMISSION = '/api/admission';
export const BOOKING = '/api/booking';
const TIMEOUT_MS = 12_000;

export async function call<Body>(path: string, options: CallOptions = {}): Promise<Answer<Body>> {
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  try {
    const reply = await fetch(path, {
      method: options.method ?? 'GET',
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      credentials: 'same-origin',
      cache: options.cache ?? 'no-store',
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    });
    const text = await reply.text();
    const parsed: unknown = text === '' ? null : JSON.parse(text);
    if (reply.ok || reply.status === 304) return { ok: true, status: reply.status, body: parsed as Body, headers: reply.headers };
    return refusal(reply, (parsed ?? {}) as Record<string, unknown>);
  } catch {
    return { ok: false, status: 0, code: 'offline', retryAfterMs: null, problem: {} };
  }
}

function refusal(reply: Response, problem: Record<string, unknown>): Refusal {
  const told = typeof problem['retryAfterMs'] === 'number' ? problem['retryAfterMs'] : null;
  const header = Number(reply.headers.get('retry-after') ?? Number.NaN);
  const code = typeof problem['code'] === 'string' ? problem['code'] : reply.status >= 500 ? 'unavailable' : 'bad-request';
  return { ok: false, status: reply.status, code, retryAfterMs: told ?? (Number.isFinite(header) ? header * 1_000 : null), problem };
}

/** A key that makes a repeated POST the same POST: 128 random bits. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
