import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { languageOf, TOSS_ERRORS, type Language } from '../toss/error-codes.ts';
import { abort } from '../toss/operations.ts';
import type { Payment } from '../toss/payment.ts';
import { AMOUNT_MAX, isOrderId, isText, ORDER_NAME_MAX, readMetadata } from '../toss/request-bodies.ts';
import type { TossWorld } from '../toss/world.ts';
import { leftPage, receiptPage, windowPage, wrongPage } from './page.ts';

const URL_MAX = 2_000;
const SCRIPT = readFileSync(new URL('./standard.js', import.meta.url), 'utf8');
const CANCELED = { ko: '사용자가 결제를 취소했습니다.', en: 'The buyer cancelled the payment.' };
// No `form-action`: the form's answer is a redirect to the shop, which that directive would stop.
const WINDOW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/** The browser half: the script, the payment window and the receipt. */
export function registerWindow(app: FastifyInstance, world: TossWorld): void {
  app.get('/v2/standard', (_request, reply) => reply.header('content-type', 'text/javascript; charset=utf-8').header('cache-control', 'no-cache').send(SCRIPT));
  app.get('/window', (request, reply) => openWindow(world, request, reply));
  app.get('/window/:paymentKey', (request, reply) => showPayment(world, request, reply, windowPage));
  app.post('/window/:paymentKey', (request, reply) => chooseOutcome(world, request, reply));
  app.get('/receipts/:paymentKey', (request, reply) => showPayment(world, request, reply, receiptPage));
}

/** What `requestPayment` asked for. Asked again with the same order and amount, it is the same window. */
function openWindow(world: TossWorld, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = pageLanguage(request);
  const query = request.query as Record<string, string | undefined>;
  const holder = world.merchants.byClientKey(query['clientKey'] ?? '');
  if (holder === undefined) return sendPage(reply, 400, wrongPage(language, 'clientKey'));
  const asked = readRequest(query);
  if (typeof asked === 'string') return sendPage(reply, 400, wrongPage(language, asked));
  if (world.ledger.isPaid(asked.orderId, holder.merchant.mid)) return sendPage(reply, 400, wrongPage(language, TOSS_ERRORS.DUPLICATED_ORDER_ID[language]));
  const known = world.ledger.byOrderId(asked.orderId, holder.merchant.mid);
  const same = known?.status === 'READY' && known.totalAmount === asked.amount && known.successUrl === asked.successUrl && known.failUrl === asked.failUrl;
  const payment = same ? known : world.ledger.open(holder, asked);
  return reply.code(303).header('location', `/window/${payment.paymentKey}?lang=${language}`).send();
}

type Asked = {
  orderId: string; orderName: string; amount: number; currency: string; taxFreeAmount: number; successUrl: string; failUrl: string;
  customerKey: string | null; metadata: Readonly<Record<string, string>> | null;
};

/** The name of what is wrong, or what was asked. */
function readRequest(query: Record<string, string | undefined>): Asked | string {
  const { orderId, orderName, currency, successUrl, failUrl, customerKey } = query;
  const amount = Number(query['value']);
  const taxFreeAmount = Number(query['taxFreeAmount'] ?? 0);
  const metadata = readMetadata(query['metadata'] === undefined ? null : parseJson(query['metadata']));
  if (!isOrderId(orderId)) return 'orderId';
  if (!isText(orderName, ORDER_NAME_MAX)) return 'orderName';
  if (!Number.isFinite(amount) || amount <= 0 || amount > AMOUNT_MAX) return 'amount';
  if (currency !== 'KRW' && currency !== 'USD' && currency !== 'JPY') return 'currency';
  if (!Number.isFinite(taxFreeAmount) || taxFreeAmount < 0 || taxFreeAmount > amount) return 'taxFreeAmount';
  if (!isPageUrl(successUrl)) return 'successUrl';
  if (!isPageUrl(failUrl)) return 'failUrl';
  if (metadata === undefined) return 'metadata';
  return { orderId, orderName, amount, currency, taxFreeAmount, successUrl, failUrl, customerKey: customerKey?.slice(0, 300) ?? null, metadata };
}

function chooseOutcome(world: TossWorld, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = pageLanguage(request);
  const payment = paymentOf(world, request);
  if (payment === undefined) return sendPage(reply, 404, wrongPage(language, TOSS_ERRORS.NOT_FOUND_PAYMENT[language]));
  if (payment.status !== 'READY' || payment.successUrl === null || payment.failUrl === null) return sendPage(reply, 409, windowPage(payment, language));
  switch ((request.body as { outcome?: unknown } | null)?.outcome) {
    case 'refuse-at-confirm':
      payment.confirmRefusal = 'REJECT_CARD_PAYMENT';
      return approve(world, payment, payment.successUrl, reply);
    case 'approve':
      return approve(world, payment, payment.successUrl, reply);
    case 'refuse':
      abort(world, payment, 'REJECT_CARD_COMPANY');
      return goTo(reply, payment.failUrl, { code: 'REJECT_CARD_COMPANY', message: TOSS_ERRORS.REJECT_CARD_COMPANY[language], orderId: payment.orderId });
    case 'cancel':
      // As in life: no orderId when the buyer cancels, and no bell.
      return goTo(reply, payment.failUrl, { code: 'PAY_PROCESS_CANCELED', message: CANCELED[language] });
    case 'leave':
      return sendPage(reply, 200, leftPage(payment, language));
    default:
      return sendPage(reply, 400, windowPage(payment, language));
  }
}

function approve(world: TossWorld, payment: Payment, successUrl: string, reply: FastifyReply): FastifyReply {
  payment.status = 'IN_PROGRESS';
  payment.authenticatedAt = world.clock.now();
  const { orderId, paymentKey, totalAmount } = payment;
  return goTo(reply, successUrl, { paymentType: 'NORMAL', orderId, paymentKey, amount: String(totalAmount) });
}

function goTo(reply: FastifyReply, address: string, query: Record<string, string>): FastifyReply {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return reply.code(303).header('location', url.href).send();
}

function showPayment(world: TossWorld, request: FastifyRequest, reply: FastifyReply, show: (payment: Payment, language: Language) => string): FastifyReply {
  const language = pageLanguage(request);
  const payment = paymentOf(world, request);
  return payment === undefined ? sendPage(
    reply, 404, wrongPage(language, TOSS_ERRORS.NOT_FOUND_PAYMENT[language]),
  ) : sendPage(reply, 200, show(payment, language));
}

const paymentOf = (world: TossWorld, request: FastifyRequest): Payment | undefined => world.ledger.byKey((request.params as { paymentKey: string }).paymentKey);

function pageLanguage(request: FastifyRequest): Language {
  const { lang } = request.query as { lang?: unknown };
  return lang === 'ko' || lang === 'en' ? lang : languageOf(request.headers['accept-language']);
}

function sendPage(reply: FastifyReply, status: number, html: string): FastifyReply {
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'content-security-policy': WINDOW_POLICY };
  return reply.code(status).headers(headers).send(html);
}

function isPageUrl(text: string | undefined): text is string {
  if (text === undefined || text.length > URL_MAX || !URL.canParse(text)) return false;
  return ['http:', 'https:'].includes(new URL(text).protocol);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return 0;
  }
}
