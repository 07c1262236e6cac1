import { Pool, type Dispatcher } from 'undici';
import { CONFIRM_TIMEOUT_MS, CONNECT_TIMEOUT_MS, QUERY_TIMEOUT_MS, type ProviderAnswer, type SilenceCause } from './rules/index.ts';
import type { PaymentProvider } from './provider.ts';
import { readTossError, readTossPayment, readTossTransactions } from './toss-payment.ts';

/** A Payment object is 2–8 KB; a page of 1,000 transactions about 300 KB. */
const PAYMENT_BODY_MAX = 256 * 1024;
const TRANSACTIONS_BODY_MAX = 4 * 1024 * 1024;
const CONNECTIONS_DEFAULT = 32;
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

export type TossTimeouts = { readonly connectMs: number; readonly confirmMs: number; readonly queryMs: number };
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
  const timeouts: TossTimeouts = { connectMs: CONNECT_TIMEOUT_MS, confirmMs: CONFIRM_TIMEOUT_MS, queryMs: QUERY_TIMEOUT_MS, ...options.timeouts };
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
    const answer = await exchange(pool, request, headersOf(request, authorization, options.testCode), read);
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
  request: Request,
  headers: Record<string, string>,
  read: (body: unknown) => Body | null,
): Promise<ProviderAnswer<Body>> {
  let response: Dispatcher.ResponseData;
  let text: string | null;
  try {
    response = await pool.request({
      method: request.method,
      path: request.path,
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal: AbortSignal.timeout(request.timeoutMs),
    });
    text = await boundedText(response, request.bodyMax);
  } catch (error) {
    return silenceOf(error);
  }
  if (text === null) return { kind: 'silence', why: 'too-large', sent: true };
  return readAnswer(response, text, read);
}

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
