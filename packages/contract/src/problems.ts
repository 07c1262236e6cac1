/**
 * The registry of every refusal on the wire (RFC 9457). One code, one meaning, one status.
 *
 * Precedence, when several apply: shed (503) → 413, 415, 400 → 401 → 428 → 403, 404 → 422 → replay of a stored answer
 * → 429 → 410 → 409, 412, 402. `retry` says what a program should do:
 *   never    the same request will be refused again
 *   later    the same request may succeed after `retryAfterMs`
 *   changed  another request (other seats, another card, a fresh token) may succeed
 */
export type Retry = 'never' | 'later' | 'changed';
export type ProblemDefinition = { readonly status: number; readonly retry: Retry; readonly en: string; readonly ko: string };

const define = <Registry extends Record<string, ProblemDefinition>>(registry: Registry): Registry => registry;

export const problems = define({
  overloaded: { status: 503, retry: 'later', en: 'Too busy at the moment.', ko: '지금 접속이 많아 잠시 후 다시 시도해 주세요.' },
  unavailable: { status: 503, retry: 'later', en: 'Temporarily unavailable. Try again in a moment.', ko: '서비스에 일시적인 문제가 있습니다. 잠시 후 다시 시도해 주세요.' },
  recovering: { status: 503, retry: 'later', en: 'The waiting room is being restored; places are kept.', ko: '대기실을 복구하고 있습니다. 순번은 그대로 유지됩니다.' },
  full: { status: 503, retry: 'later', en: 'The waiting room cannot take more fans right now.', ko: '대기실이 가득 찼습니다. 잠시 후 다시 시도해 주세요.' },
  'too-large': { status: 413, retry: 'never', en: 'The request body is too large.', ko: '요청이 너무 큽니다.' },
  'unsupported-media-type': { status: 415, retry: 'never', en: 'Send application/json.', ko: 'application/json 형식만 받습니다.' },
  'bad-request': { status: 400, retry: 'never', en: 'The request does not have the documented shape.', ko: '요청 형식이 올바르지 않습니다.' },
  'idempotency-key-missing': { status: 400, retry: 'changed', en: 'An Idempotency-Key header is required.', ko: 'Idempotency-Key 헤더가 필요합니다.' },
  'no-receipt': { status: 401, retry: 'changed', en: 'No receipt of a place came with the request.', ko: '대기 순번 확인 정보가 없습니다.' },
  'bad-receipt': { status: 401, retry: 'never', en: 'The receipt was not issued here.', ko: '대기 순번 확인 정보가 올바르지 않습니다.' },
  'no-token': { status: 401, retry: 'changed', en: 'An entry token from the waiting room is required.', ko: '대기실에서 발급한 입장권이 필요합니다.' },
  'token-invalid': { status: 401, retry: 'never', en: 'The entry token was not issued by this waiting room.', ko: '입장권이 올바르지 않습니다.' },
  'token-expired': { status: 401, retry: 'changed', en: 'The entry token has expired.', ko: '입장권이 만료되었습니다.' },
  'no-session': { status: 401, retry: 'changed', en: 'An entry session is required. Enter through the waiting room.', ko: '대기실을 거쳐 입장해 주세요.' },
  'session-ended': { status: 401, retry: 'changed', en: 'The entry session has ended.', ko: '예매 시간이 끝났습니다.' },
  'not-signed-in': { status: 401, retry: 'changed', en: 'Sign in first.', ko: '먼저 로그인해 주세요.' },
  'bad-credentials': { status: 401, retry: 'changed', en: 'Name or password is wrong.', ko: '이름 또는 비밀번호가 올바르지 않습니다.' },
  'no-identity': { status: 428, retry: 'changed', en: 'Send a clientKey, or accept the device cookie first.', ko: '기기 확인 정보가 필요합니다. 쿠키를 허용해 주세요.' },
  'if-match-required': { status: 428, retry: 'changed', en: 'Send If-Match with the version you have seen.', ko: '확인한 버전을 If-Match로 보내 주세요.' },
  'token-foreign': { status: 403, retry: 'never', en: 'The entry token is for another room or show.', ko: '다른 공연의 입장권입니다.' },
  'holder-mismatch': { status: 403, retry: 'never', en: 'This belongs to another client.', ko: '다른 기기에서 발급된 정보입니다.' },
  'origin-refused': { status: 403, retry: 'never', en: 'Writes from this origin are not accepted.', ko: '허용되지 않은 출처의 요청입니다.' },
  forbidden: { status: 403, retry: 'never', en: 'Your role does not allow this.', ko: '권한이 없습니다.' },
  'sale-closed': { status: 403, retry: 'never', en: 'The sale of this show is not open.', ko: '지금은 판매 기간이 아닙니다.' },
  'not-found': { status: 404, retry: 'never', en: 'There is nothing here.', ko: '찾을 수 없습니다.' },
  'key-reused': { status: 422, retry: 'changed', en: 'This Idempotency-Key was used with another request.', ko: '같은 Idempotency-Key로 다른 요청을 보냈습니다.' },
  'rate-limited': { status: 429, retry: 'later', en: 'Too many requests.', ko: '요청이 너무 잦습니다.' },
  'too-many-attempts': { status: 429, retry: 'never', en: 'This session has used up its attempts.', ko: '이번 입장에서 시도할 수 있는 횟수를 모두 사용했습니다.' },
  'hold-expired': { status: 410, retry: 'changed', en: 'The hold on these seats has run out.', ko: '좌석 선점 시간이 지났습니다.' },
  'place-ended': { status: 410, retry: 'changed', en: 'This place in line has ended.', ko: '이 대기 순번은 종료되었습니다.' },
  'seat-taken': { status: 409, retry: 'changed', en: 'Somebody else holds one of these seats.', ko: '이미 선택된 좌석입니다.' },
  'lapsed-too-often': {
    status: 409, retry: 'changed',
    en: 'You have let these seats go three times without buying. Choose other seats, or try again in ten minutes.',
    ko: '이 좌석을 세 번 선점하고 구매하지 않으셨습니다. 다른 좌석을 선택하거나 10분 뒤 다시 시도해 주세요.',
  },
  'seat-busy': { status: 409, retry: 'later', en: 'One of these seats is being decided right now.', ko: '다른 요청을 처리 중인 좌석입니다. 다시 시도해 주세요.' },
  'orphan-seat': { status: 409, retry: 'changed', en: 'This choice would leave a single seat alone.', ko: '한 좌석만 남게 되어 선택할 수 없습니다.' },
  limit: { status: 409, retry: 'changed', en: 'That is more seats than one person may buy.', ko: '1인당 구매 가능한 매수를 넘었습니다.' },
  'sold-out': { status: 409, retry: 'changed', en: 'No seats of this kind are left.', ko: '남은 좌석이 없습니다.' },
  'token-used': { status: 409, retry: 'never', en: 'This entry token has been used by another client.', ko: '이미 사용된 입장권입니다.' },
  'not-called': { status: 409, retry: 'later', en: 'It is not your turn yet.', ko: '아직 입장 순서가 아닙니다.' },
  'room-not-open': { status: 409, retry: 'later', en: 'The waiting room is not open.', ko: '대기실이 열려 있지 않습니다.' },
  'rejoin-refused': { status: 409, retry: 'never', en: 'This room may be joined once only.', ko: '이 대기실은 한 번만 참여할 수 있습니다.' },
  'order-state': { status: 409, retry: 'never', en: 'The order is past the point where this is possible.', ko: '현재 주문 상태에서는 할 수 없습니다.' },
  'orders-used': { status: 409, retry: 'never', en: 'This entry has made all the orders it may.', ko: '이번 입장에서 만들 수 있는 주문을 모두 사용했습니다.' },
  'payment-in-progress': { status: 409, retry: 'later', en: 'This order is being paid in another window.', ko: '다른 창에서 결제가 진행 중입니다.' },
  'amount-mismatch': { status: 409, retry: 'never', en: 'The amount differs from the order. Nothing was charged.', ko: '결제 금액이 주문 금액과 다릅니다. 결제되지 않았습니다.' },
  'version-conflict': { status: 412, retry: 'changed', en: 'Somebody changed this in the meantime.', ko: '그 사이에 내용이 변경되었습니다.' },
  'payment-refused': { status: 402, retry: 'changed', en: 'The payment was refused. Your seats are still held.', ko: '결제가 거절되었습니다. 좌석은 아직 선점되어 있습니다.' },
  internal: { status: 500, retry: 'later', en: 'Something broke on our side.', ko: '서버에 문제가 생겼습니다.' },
});

export type ProblemCode = keyof typeof problems;

/** The body of a refusal, sent as application/problem+json. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly retryAfterMs?: number;
  /** Code-specific members, such as `alternatives` of seat-taken. */
  readonly [member: string]: unknown;
};

export type Language = 'ko' | 'en';
export type ProblemExtras = { readonly detail?: string; readonly retryAfterMs?: number; readonly [member: string]: unknown };

/** Builds the reply body of a refusal. `detail` never carries secrets, tokens or what the client sent. */
export function problem(code: ProblemCode, extras: ProblemExtras = {}, language: Language = 'en'): Problem {
  const definition = problems[code];
  return { type: `/problems#${code}`, title: definition[language], status: definition.status, code, ...extras };
}

export const isProblemCode = (text: string): text is ProblemCode => Object.hasOwn(problems, text);

/** Thrown at the edge only, where Fastify turns it into the reply; rules return refusals as values. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly extras: ProblemExtras;
  constructor(code: ProblemCode, extras: ProblemExtras = {}) {
    super(problems[code].en);
    this.code = code;
    this.extras = extras;
  }
}
