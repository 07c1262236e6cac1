import { Pool, type Dispatcher } from 'undici';
import { CONFIRM_TIMEOUT_MS, CONNECT_TIMEOUT_MS, DISPATCH_TIMEOUT_MS, QUERY_TIMEOUT_MS, type ProviderAnswer, type SilenceCause } from './rules/index.ts';
import type { PaymentProvider } from './provider.ts';
import { readTossError, readTossPayment, readTossTransactions } from './toss-payment.ts';

/** A Payment object is 2–8 KB; a page of 1,000 transactions about 300 KB. */
const PAYMENT_BODY_MAX = 256 * 1024;
const TRANSACTIONS_BODY_MAX = 4 * 1024 * 1024;
/** Calls under way at once: at a provider's 300 ms each, 850 a second. */
const CONNECTIONS_DEFAULT = 256;
const TRACE_HEADER = 'x-tosspayments-trace-id';

export type TossClientOptions = {
  /** `https://api.tosspayments.com`, or a sandbox: changing this is all that switches between them. */
  readonly baseUrl: string;
  /** `test_sk_…` or `live_sk_…`. Kept in a header of this client only; it is in no error, log or outcome. */
  readonly secretKey: string;
  readonly connections?: number;
  readonly timeouts?: Partial<TossTimeouts>;
  /** Sent as `TossPayments-Test-Code` with confirm: forces that error on test keys. */
  readonly testCode?: string;
  /** Told of every call for metrics and traces. Gets no key, no amount and no body. */
  readonly onCall?: (call: TossCall) => void;
};

export type TossTimeouts = { readonly connectMs: number; readonly dispatchMs: number; readonly confirmMs: number; readonly queryMs: number };
export type TossCall = {
  readonly call: 'confirm' | 'look-up' | 'cancel' | 'transactions';
  readonly outcome: string;
  readonly trace: string | null;
  readonly tookMs: number;
};

type Request = {
  readonly call: TossCall['call'];
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly timeoutMs: number;
  readonly bodyMax: number;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
};

/** The Toss Payments API as a provider port. Never throws for what the provider or the network does. */
export function createTossClient(options: TossClientOptions): PaymentProvider {
  const timeouts: TossTimeouts = {
    connectMs: CONNECT_TIMEOUT_MS, dispatchMs: DISPATCH_TIMEOUT_MS, confirmMs: CONFIRM_TIMEOUT_MS, queryMs: QUERY_TIMEOUT_MS, ...options.timeouts,
  };
  const pool = new Pool(options.baseUrl, {
    connections: options.connections ?? CONNECTIONS_DEFAULT,
    connect: { timeout: timeouts.connectMs },
    headersTimeout: timeouts.confirmMs,
    bodyTimeout: timeouts.confirmMs,
    keepAliveTimeout: 4_000,
  });
  // The secret key is the user, the password is empty: the colon is required.
  const authorization = `Basic ${Buffer.from(`${options.secretKey}:`, 'utf8').toString('base64')}`;

  const call = async <Body>(request: Request, read: (body: unknown) => Body | null): Promise<ProviderAnswer<Body>> => {
    const startedAt = performance.now();
    const answer = await exchange(pool, { ...request, dispatchMs: timeouts.dispatchMs }, headersOf(request, authorization, options.testCode), read);
    options.onCall?.({ call: request.call, outcome: outcomeName(answer), trace: traceOf(answer), tookMs: performance.now() - startedAt });
    return answer;
  };
  const query = (path: string): Request => ({ call: 'look-up', method: 'GET', path, timeoutMs: timeouts.queryMs, bodyMax: PAYMENT_BODY_MAX });

  return {
    confirm: ({ paymentKey, providerOrderId, amount, idempotencyKey }) =>
      call(
        {
          call: 'confirm', method: 'POST', path: '/v1/payments/confirm', timeoutMs: timeouts.confirmMs, bodyMax: PAYMENT_BODY_MAX,
          body: { paymentKey, orderId: providerOrderId, amount }, idempotencyKey,
        },
        readTossPayment,
      ),
    paymentByOrderId: (providerOrderId) => call(query(`/v1/payments/orders/${encodeURIComponent(providerOrderId)}`), readTossPayment),
    paymentByKey: (paymentKey) => call(query(`/v1/payments/${encodeURIComponent(paymentKey)}`), readTossPayment),
    cancel: ({ paymentKey, amount, reason, refundableAmount, idempotencyKey }) =>
      call(
        {
          call: 'cancel', method: 'POST', path: `/v1/payments/${encodeURIComponent(paymentKey)}/cancel`, timeoutMs: timeouts.confirmMs,
          bodyMax: PAYMENT_BODY_MAX, body: { cancelReason: reason, cancelAmount: amount, refundableAmount }, idempotencyKey,
        },
        readTossPayment,
      ),
    transactions: ({ startDate, endDate, startingAfter, limit }) => {
      const search = new URLSearchParams({ startDate, endDate, limit: String(limit), ...(startingAfter === undefined ? {} : { startingAfter }) });
      const path = `/v1/transactions?${search.toString()}`;
      return call({ call: 'transactions', method: 'GET', path, timeoutMs: timeouts.confirmMs, bodyMax: TRANSACTIONS_BODY_MAX }, readTossTransactions);
    },
    close: () => pool.destroy(),
  };
}

function headersOf(request: Request, authorization: string, testCode: string | undefined): Record<string, string> {
  return {
    authorization,
    accept: 'application/json',
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
    ...(request.call === 'confirm' && testCode !== undefined ? { 'tosspayments-test-code': testCode } : {}),
  };
}

async function exchange<Body>(
  pool: Pool,
  request: Request & { readonly dispatchMs: number },
  headers: Record<string, string>,
  read: (body: unknown) => Body | null,
): Promise<ProviderAnswer<Body>> {
  let response: Dispatcher.ResponseData;
  let text: string | null;
  const clock = new CallClock(request);
  try {
    const asked = pool.compose(clock.interceptor).request({
      method: request.method,
      path: request.path,
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal: clock.signal,
    });
    asked.catch(() => undefined);
    await Promise.race([asked, clock.dispatched]);
    response = await asked;
    text = await boundedText(response, request.bodyMax);
  } catch (error) {
    return clock.sent ? silenceOf(error) : { kind: 'silence', why: 'no-connection', sent: false };
  } finally {
    clock.stop();
  }
  if (text === null) return { kind: 'silence', why: 'too-large', sent: true };
  return readAnswer(response, text, read);
}

/**
 * The time of one call: `dispatchMs` until it is on a socket, then `timeoutMs` from there until its answer is read. A call that waited for a socket has
 * still all of its time, and one that found none was surely not sent.
 */
class CallClock {
  sent = false;
  /** Rejects when no socket was found in time: undici tells of an abort only once the request has got its turn. */
  readonly dispatched: Promise<void>;
  readonly #abort = new AbortController();
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #found: () => void = () => undefined;

  constructor({ dispatchMs, timeoutMs }: { readonly dispatchMs: number; readonly timeoutMs: number }) {
    this.#timeoutMs = timeoutMs;
    this.dispatched = new Promise((resolve, reject) => {
      this.#found = resolve;
      this.#ring(dispatchMs, reject);
    });
    this.dispatched.catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  readonly interceptor: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
    dispatch(options, sending(handler, () => this.#start()));

  #start(): void {
    // Its turn came too late: undici sees the signal and writes nothing.
    if (this.signal.aborted) return;
    this.sent = true;
    this.#found();
    this.#ring(this.#timeoutMs);
  }
  stop(): void {
    clearTimeout(this.#timer);
  }
  #ring(inMs: number, tell?: (error: Error) => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const late = new DOMException('not in time', 'TimeoutError');
      this.#abort.abort(late);
      tell?.(late);
    }, inMs);
  }
}

/** Tells when the request is about to be written to its socket. */
const sending = (handler: Dispatcher.DispatchHandler, started: () => void): Dispatcher.DispatchHandler => ({
  onRequestStart(...about) {
    started();
    handler.onRequestStart?.(...about);
  },
  onRequestUpgrade: (...about) => handler.onRequestUpgrade?.(...about),
  onResponseStart: (...about) => handler.onResponseStart?.(...about),
  onResponseData: (...about) => handler.onResponseData?.(...about),
  onResponseEnd: (...about) => handler.onResponseEnd?.(...about),
  onResponseError: (...about) => handler.onResponseError?.(...about),
});

function readAnswer<Body>(response: Dispatcher.ResponseData, text: string, read: (body: unknown) => Body | null): ProviderAnswer<Body> {
  const garbled: ProviderAnswer<Body> = { kind: 'silence', why: 'garbled', sent: true };
  const header = response.headers[TRACE_HEADER];
  const trace = typeof header === 'string' ? header.slice(0, 100) : null;
  const body = parseJson(text);
  if (response.statusCode === 200) {
    const value = read(body);
    return value === null ? garbled : { kind: 'answer', value, trace };
  }
  const error = readTossError(body);
  // A 5xx page of some proxy says as little as silence does, and neither does a redirect.
  return error === null ? garbled : { kind: 'error', status: response.statusCode, ...error, trace };
}

async function boundedText(response: Dispatcher.ResponseData, max: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > max) {
      response.body.destroy();
      return null;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const NOT_CONNECTED = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const TIMED_OUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

function silenceOf(error: unknown): { kind: 'silence'; why: SilenceCause; sent: boolean } {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === 'string' && NOT_CONNECTED.has(code)) return { kind: 'silence', why: 'no-connection', sent: false };
  const timedOut = name === 'TimeoutError' || name === 'AbortError' || (typeof code === 'string' && TIMED_OUT.has(code));
  return { kind: 'silence', why: timedOut ? 'timeout' : 'reset', sent: true };
}

const outcomeName = (answer: ProviderAnswer<unknown>): string => (answer.kind === 'answer' ? 'ok' : answer.kind === 'error' ? answer.code : answer.why);
const traceOf = (answer: ProviderAnswer<unknown>): string | null => (answer.kind === 'silence' ? null : answer.trace);
