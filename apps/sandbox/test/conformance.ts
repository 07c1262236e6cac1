import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

/**
 * What Toss does, rule by rule: where it is written and how to see it. The suite runs against the sandbox; whoever has real test
 * keys can run the rules that need no lever of the sandbox against api.tosspayments.com, by giving another target.
 *
 *   docs      docs.tosspayments.com (reference, error codes, authorization, idempotency, webhooks)
 *   probe     seen by others on test keys, not documented
 *   assumed   neither: what we believe; the first to correct when it is seen otherwise
 */
export type Source = 'docs' | 'probe' | 'assumed';
export type Json = Record<string, unknown>;
export type Answer = { readonly status: number; readonly body: Json; readonly text: string; readonly headers: Record<string, string | string[] | undefined> };
export type Check = (name: string, found: unknown, wanted: unknown) => void;

export type Rule = {
  readonly id: string;
  readonly rule: string;
  readonly source: Source;
  /** Needs a lever of the sandbox: faults, the clock, webhooks, limits. */
  readonly lever?: true;
  readonly see: (toss: Target, check: Check) => Promise<void>;
};

type CallOptions = { readonly body?: unknown; readonly key?: string; readonly auth?: string | null; readonly headers?: Record<string, string> };

/** One Toss to look at: the sandbox, or the real one with test keys and somebody at the payment window. */
export class Target {
  readonly url: string;
  readonly clientKey: string;
  readonly secretKey: string;
  private count = 0;
  constructor(url: string, clientKey: string, secretKey: string) {
    this.url = url;
    this.clientKey = clientKey;
    this.secretKey = secretKey;
  }

  newOrderId = (): string => {
    this.count += 1;
    return `conformance-${process.pid}-${Date.now().toString(36)}-${this.count}`;
  };

  async call(method: 'GET' | 'POST', path: string, { body, key, auth, headers }: CallOptions = {}): Promise<Answer> {
    const authorization = auth === undefined ? `Basic ${Buffer.from(`${this.secretKey}:`).toString('base64')}` : auth;
    const reply = await request(`${this.url}${path}`, {
      method,
      headers: {
        ...(authorization === null ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await reply.body.text();
    return { status: reply.statusCode, text, body: text === '' ? {} : (JSON.parse(text) as Json), headers: reply.headers };
  }

  /** A payment that a buyer has approved in the window. */
  async approved(amount = 15_000, outcome = 'approve', orderId = this.newOrderId()): Promise<{ paymentKey: string; orderId: string; amount: number }> {
    const reply = await this.call('POST', '/control/payments', { body: { tossClientKey: this.clientKey, orderId, amount, outcome }, auth: null });
    if (reply.status !== 201) throw new Error(reply.text);
    return { paymentKey: String(reply.body['paymentKey']), orderId, amount };
  }
  confirm = (payment: object, options: CallOptions = {}): Promise<Answer> => this.call('POST', '/v1/payments/confirm', { body: payment, ...options });
  cancel = (paymentKey: string, body: Json, options: CallOptions = {}): Promise<Answer> => this.call(
    'POST', `/v1/payments/${paymentKey}/cancel`, { body, ...options },
  );
  byOrder = (orderId: string): Promise<Answer> => this.call('GET', `/v1/payments/orders/${orderId}`);
  lever = (path: string, body: unknown): Promise<Answer> => this.call('POST', `/control/${path}`, { body, auth: null });
}

/** Toss refuses a cancel within about a second of the one before. */
export const pauseBetweenCancels = (): Promise<void> => sleep(1_050);
export const seen = (answer: Answer): string => `${answer.status} ${String(answer.body['code'] ?? answer.body['status'])}`;
export const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
