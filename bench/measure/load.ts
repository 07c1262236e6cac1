import autocannon, { type Client } from 'autocannon';

/** What one run of load against one address gave. Latencies in ms; `errors` counts lost answers and timeouts, `refused` answers ≥ 400. */
export type Load = {
  readonly perSecond: number;
  readonly answers: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  readonly refused: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
};
export type Target = {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  /** Told of each answer. */
  readonly onAnswer?: (status: number, ms: number, hasRetryAfter: boolean) => void;
  /** Called for each request: what changes from one to the next. */
  readonly vary?: () => { readonly path?: string; readonly body?: string; readonly headers?: Record<string, string> };
};

/**
 * Ours and the ceiling alike. A crowd comes over thousands of connections; with few, a closed loop of client, server and Redis on two cores
 * measures how often each waits for the next, not what a request costs (64 connections: 0.63 of the echo; 256: 0.8).
 */
export const CONNECTIONS = 256;

/** Loopback only, bounded in time. */
export async function load(target: Target, seconds: number, connections: number = CONNECTIONS): Promise<Load> {
  if (!/^http:\/\/127\.0\.0\.1:/.test(target.url)) throw new Error('load goes to this machine only');
  const { vary, onAnswer } = target;
  const result = await autocannon({
    url: target.url,
    method: target.method,
    connections,
    duration: seconds,
    timeout: 10,
    headers: target.headers ?? {},
    ...(onAnswer === undefined ? {} : { setupClient: (client: Client) => tellAnswers(client, onAnswer) }),
    ...(vary === undefined
      ? {}
      : {
          requests: [
            {
              method: target.method,
              setupRequest: (request) => {
                const { path, body, headers } = vary();
                return {
                  ...request,
                  ...(path === undefined ? {} : { path }),
                  ...(body === undefined ? {} : { body }),
                  headers: { ...request.headers, ...headers },
                };
              },
            },
          ],
        }),
  });
  const answers = result['2xx'] + result.non2xx;
  const statuses = Object.fromEntries(Object.entries(result.statusCodeStats ?? {}).map(([status, { count }]) => [status, count ?? 0]));
  return {
    perSecond: answers / result.duration,
    answers,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    errors: result.errors + result.timeouts,
    refused: result.non2xx,
    statuses,
  };
}

/** Of the two events only the first has the headers, a flat list of names and values; both concern the same answer, for nothing is pipelined. */
function tellAnswers(client: Client, onAnswer: NonNullable<Target['onAnswer']>): void {
  let hasRetryAfter = false;
  client.on('headers', ({ headers }) => {
    hasRetryAfter = (headers as unknown as readonly string[]).some((name, index) => index % 2 === 0 && name.toLowerCase() === 'retry-after');
  });
  client.on('response', (status, _bytes, ms) => onAnswer(status, ms, hasRetryAfter));
}
