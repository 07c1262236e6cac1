import { createServer, type Server } from 'node:http';

const SCRIPT = `(() => {
  const origin = new URL(document.currentScript.src).origin;
  const TossPayments = () => ({ payment: () => ({ requestPayment: (request) => {
    const query = new URLSearchParams({ success: request.successUrl, fail: request.failUrl, order: request.orderId, amount: String(request.amount.value) });
    location.assign(origin + '/window?' + query);
    return new Promise(() => {});
  } }) });
  TossPayments.ANONYMOUS = '@@ANONYMOUS';
  window.TossPayments = TossPayments;
})();`;

/** The provider's side of a payment: a script of another origin, and a page with three links. */
export async function startPaymentWindow(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, reply) => {
    const url = new URL(request.url ?? '/', 'http://x');
    if (url.pathname === '/v2/standard') return reply.setHeader('content-type', 'text/javascript').end(SCRIPT);
    if (url.pathname !== '/window') return reply.writeHead(404).end();
    const with_ = (base: string, query: Record<string, string>): string => {
      const target = new URL(base);
      for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
      return target.href.replaceAll('&', '&amp;');
    };
    // Opened by its script, or by a link that says the same in the sandbox's words.
    const asked = (...names: readonly string[]): string => names.map((name) => url.searchParams.get(name)).find((value) => value !== null) ?? '';
    const order = asked('order', 'orderId');
    const amount = asked('amount', 'value');
    reply.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html><title>pay</title><link rel="icon" href="data:,">
<a id="approve" href="${with_(asked('success', 'successUrl'), { paymentType: 'NORMAL', paymentKey: 'pk_fake', orderId: order, amount })}">approve</a>
<a id="refuse" href="${with_(asked('fail', 'failUrl'), { code: 'REJECT_CARD_COMPANY', message: 'The card company refused.', orderId: order })}">refuse</a>
<a id="cancel" href="${with_(asked('fail', 'failUrl'), { code: 'PAY_PROCESS_CANCELED', message: 'Cancelled.' })}">cancel</a>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, server };
}
