import type { Language } from '../toss/error-codes.ts';
import type { Payment } from '../toss/payment.ts';

const TEXTS = {
  ko: {
    title: '결제', badge: '샌드박스', notice: '연습용 결제창입니다. 실제 돈은 오가지 않습니다.',
    order: '주문', amount: '결제 금액', card: '샌드박스카드 4330-12••-••••-123•',
    approve: '결제하기', refuse: '카드 거절', limit: '승인 단계에서 한도 초과', cancel: '결제 취소', leave: '창만 닫기',
    try: '다른 결과 시험하기', over: '이 결제는 더 이상 진행할 수 없습니다.', left: '창을 닫았습니다. 판매자에게는 아무것도 전달되지 않았습니다.',
    again: '결제창으로 돌아가기',
    wrong: '결제 요청이 올바르지 않습니다', other: 'English', receipt: '영수증', status: '상태',
  },
  en: {
    title: 'Payment', badge: 'SANDBOX', notice: 'A payment window for practice. No real money moves.',
    order: 'Order', amount: 'Amount', card: 'Sandbox card 4330-12••-••••-123•',
    approve: 'Pay', refuse: 'Card declined', limit: 'Declined at confirm (over the limit)', cancel: 'Cancel payment', leave: 'Close the window only',
    try: 'Try another outcome', over: 'This payment cannot go on.', left: 'The window is closed. The shop has been told nothing.',
    again: 'Back to the payment window',
    wrong: 'The payment request is not valid', other: '한국어', receipt: 'Receipt', status: 'Status',
  },
} as const;

const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const moneyText = (payment: Payment, language: Language): string =>
  new Intl.NumberFormat(language === 'ko' ? 'ko-KR' : 'en-US', { style: 'currency', currency: payment.currency }).format(payment.totalAmount);

const payLabel = (money: string, language: Language): string => (language === 'ko' ? `${money} ${TEXTS.ko.approve}` : `${TEXTS.en.approve} ${money}`);

/** The window itself: plain forms, so it works without any script. */
export function windowPage(payment: Payment, language: Language): string {
  const text = TEXTS[language];
  const button = (outcome: string, label: string, kind: string): string => `<button name="outcome" value="${outcome}" class="${kind}">${label}</button>`;
  const form =
    payment.status === 'READY'
      ? `<form method="post" action="/window/${encodeURIComponent(payment.paymentKey)}?lang=${language}">
      <p class="card">${text.card}</p>
      ${button('approve', payLabel(escapeHtml(moneyText(payment, language)), language), 'pay')}
      ${button('cancel', text.cancel, 'plain')}
      <details><summary>${text.try}</summary>
        ${button('refuse', text.refuse, 'other')}${button('refuse-at-confirm', text.limit, 'other')}${button('leave', text.leave, 'other')}
      </details>
    </form>`
      : `<p class="over">${text.over}</p>`;
  return page(language, text.title, `${orderLines(payment, language)}${form}`, `/window/${encodeURIComponent(payment.paymentKey)}`);
}

export function leftPage(payment: Payment, language: Language): string {
  const text = TEXTS[language];
  const address = `/window/${encodeURIComponent(payment.paymentKey)}`;
  return page(language, text.title, `<p class="over">${text.left}</p><p><a class="again" href="${address}?lang=${language}">${text.again}</a></p>`, address);
}

export function receiptPage(payment: Payment, language: Language): string {
  const text = TEXTS[language];
  const status = `<dl><dt>${text.status}</dt><dd>${payment.status}</dd></dl>`;
  return page(language, text.receipt, `${orderLines(payment, language)}${status}`, `/receipts/${encodeURIComponent(payment.paymentKey)}`);
}

export const wrongPage = (language: Language, what: string): string => page(language, TEXTS[language].wrong, `<p class="over">${escapeHtml(what)}</p>`, null);

function orderLines(payment: Payment, language: Language): string {
  const text = TEXTS[language];
  return `<dl><dt>${text.order}</dt><dd>${escapeHtml(payment.orderName)}<small>${escapeHtml(payment.orderId)}</small></dd>
    <dt>${text.amount}</dt><dd class="sum">${escapeHtml(moneyText(payment, language))}</dd></dl>`;
}

function page(language: Language, title: string, body: string, address: string | null): string {
  const text = TEXTS[language];
  const other = language === 'ko' ? 'en' : 'ko';
  const change = address === null ? '' : `<a href="${address}?lang=${other}" lang="${other}">${text.other}</a>`;
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>${title} · ${text.badge}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><main><header><strong>${text.badge}</strong>${change}</header><h1>${title}</h1>${body}<p class="notice">${text.notice}</p></main></body></html>`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#191f28;--soft:#6b7684;--line:#e5e8eb;--ground:#f2f4f6;--paper:#fff;--accent:#3182f6}
@media (prefers-color-scheme:dark){:root{--ink:#f9fafb;--soft:#9ea6b0;--line:#333d4b;--ground:#101013;--paper:#1b1d22;--accent:#4593fc}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Apple SD Gothic Neo","Noto Sans KR",sans-serif}
main{width:100%;max-width:420px;background:var(--paper);border-radius:20px;padding:24px;box-shadow:0 8px 32px #0001}
header{display:flex;justify-content:space-between;align-items:center}
header strong{padding:4px 10px;border-radius:99px;font-size:13px;letter-spacing:.04em;color:#7a4d00;
background:repeating-linear-gradient(45deg,#ffe7ab 0 8px,#ffd978 8px 16px)}a{color:var(--accent)}h1{margin:16px 0 8px;font-size:24px}
dl{margin:0 0 16px;display:grid;grid-template-columns:auto 1fr;gap:8px 16px}dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere}
dd small{display:block;color:var(--soft);font-size:12px}.sum{font-size:20px;font-weight:700}
.card{padding:14px 16px;border:1px solid var(--line);border-radius:12px;margin:0 0 16px}form{display:block}
button{display:block;width:100%;min-height:48px;margin:8px 0;border:0;border-radius:12px;font:inherit;font-weight:600;cursor:pointer;
background:var(--ground);color:var(--ink)}
button:focus-visible,a:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.pay{background:#1b64da;color:#fff;min-height:56px;font-size:17px}details{margin-top:12px;border-top:1px solid var(--line);padding-top:8px}
summary{  padding:8px 0;  color:var(--soft);  cursor:pointer;}.notice{margin:16px 0 0;color:var(--soft);font-size:13px}
.over{padding:16px;border-radius:12px;background:var(--ground)}`;
