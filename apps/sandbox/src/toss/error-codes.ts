/** Toss' error codes that the sandbox can answer: HTTP status and both texts. The texts are our own wording. */
export type TossError = { readonly status: number; readonly ko: string; readonly en: string };

const define = <Table extends Record<string, TossError>>(table: Table): Table => table;

export const TOSS_ERRORS = define({
  ALREADY_PROCESSED_PAYMENT: { status: 400, ko: '이미 처리된 결제입니다.', en: 'The payment has already been processed.' },
  PROVIDER_ERROR: { status: 400, ko: '일시적인 오류입니다. 잠시 후 다시 시도해 주세요.', en: 'A temporary error. Try again in a little while.' },
  INVALID_REQUEST: { status: 400, ko: '잘못된 요청입니다.', en: 'The request is not valid.' },
  INVALID_API_KEY: { status: 400, ko: '시크릿 키 연동 정보가 올바르지 않습니다.', en: 'The secret key does not fit this request.' },
  INVALID_IDEMPOTENCY_KEY: { status: 400, ko: '멱등키는 300자 이하여야 합니다.', en: 'An idempotency key has at most 300 characters.' },
  INVALID_REJECT_CARD: { status: 400, ko: '카드 사용이 거절되었습니다. 카드사에 문의해 주세요.', en: 'The card issuer declined. Ask the issuer.' },
  INVALID_CARD_EXPIRATION: { status: 400, ko: '카드 유효기간을 확인해 주세요.', en: 'Check the expiry date of the card.' },
  INVALID_STOPPED_CARD: { status: 400, ko: '정지된 카드입니다.', en: 'The card has been suspended.' },
  INVALID_CARD_LOST_OR_STOLEN: { status: 400, ko: '분실 또는 도난 카드입니다.', en: 'The card was reported lost or stolen.' },
  EXCEED_MAX_DAILY_PAYMENT_COUNT: { status: 400, ko: '하루 결제 횟수를 넘었습니다.', en: 'Too many payments today.' },
  EXCEED_MAX_PAYMENT_AMOUNT: { status: 400, ko: '결제 금액 한도를 넘었습니다.', en: 'Above the limit for one payment.' },
  BELOW_MINIMUM_AMOUNT: { status: 400, ko: '카드는 100원, 계좌는 200원 이상부터 결제할 수 있습니다.', en: 'Cards take 100 won or more, accounts 200 won or more.' },
  NOT_AVAILABLE_PAYMENT: { status: 400, ko: '지금은 결제할 수 없는 시간입니다.', en: 'Payments are not possible at this hour.' },
  UNAPPROVED_ORDER_ID: { status: 400, ko: '승인되지 않은 주문번호입니다.', en: 'The order id has not been approved.' },
  DUPLICATED_ORDER_ID: { status: 400, ko: '이미 승인된 주문번호입니다. 다른 주문번호를 사용해 주세요.', en: 'The order id has been paid already. Use another one.' },
  CARD_PROCESSING_ERROR: { status: 400, ko: '카드사에서 오류가 발생했습니다.', en: 'The card company reported an error.' },
  ALREADY_CANCELED_PAYMENT: { status: 400, ko: '이미 취소된 결제입니다.', en: 'The payment has already been cancelled.' },
  NOT_MATCHES_REFUNDABLE_AMOUNT: { status: 400, ko: '취소할 수 있는 잔액이 요청과 다릅니다.', en: 'The refundable amount is not the one you expected.' },
  REFUND_REJECTED: { status: 400, ko: '환불이 거절되었습니다.', en: 'The refund was rejected.' },
  UNAUTHORIZED_KEY: { status: 401, ko: '인증되지 않은 시크릿 키 또는 클라이언트 키입니다.', en: 'The secret or client key is unknown.' },
  INCORRECT_BASIC_AUTH_FORMAT: {
    status: 403, ko: 'Basic 인증 형식이 올바르지 않습니다. 키 뒤에 콜론이 필요합니다.', en: 'Basic authentication is malformed. A colon must follow the key.',
  },
  INSECURE_KEY_USAGE: { status: 403, ko: '시크릿 키는 브라우저에서 사용할 수 없습니다.', en: 'The secret key must not be used from a browser.' },
  FORBIDDEN_REQUEST: { status: 403, ko: '허용되지 않은 요청입니다.', en: 'The request is not allowed.' },
  REJECT_CARD_PAYMENT: { status: 403, ko: '한도 초과 또는 잔액 부족으로 결제가 거절되었습니다.', en: 'Declined: over the limit or not enough balance.' },
  REJECT_ACCOUNT_PAYMENT: { status: 403, ko: '잔액 부족으로 결제가 거절되었습니다.', en: 'Declined: not enough balance.' },
  REJECT_CARD_COMPANY: { status: 403, ko: '카드사에서 결제를 거절했습니다.', en: 'The card company declined the payment.' },
  EXCEED_MAX_AUTH_COUNT: { status: 403, ko: '인증 시도 횟수를 넘었습니다.', en: 'Too many attempts to authenticate.' },
  EXCEED_MAX_ONE_DAY_AMOUNT: { status: 403, ko: '일일 한도를 넘었습니다.', en: 'Above the limit of the day.' },
  INVALID_PASSWORD: { status: 403, ko: '결제 비밀번호가 올바르지 않습니다.', en: 'The payment password is wrong.' },
  FDS_ERROR: { status: 403, ko: '위험 거래가 감지되어 결제가 제한되었습니다.', en: 'Stopped by fraud detection.' },
  NOT_CANCELABLE_AMOUNT: { status: 403, ko: '취소할 수 없는 금액입니다.', en: 'This amount cannot be cancelled.' },
  NOT_CANCELABLE_PAYMENT: { status: 403, ko: '취소할 수 없는 결제입니다.', en: 'This payment cannot be cancelled.' },
  FORBIDDEN_CONSECUTIVE_REQUEST: { status: 403, ko: '요청이 너무 잇달아 왔습니다. 잠시 후 다시 시도해 주세요.', en: 'Too soon after the last request. Try again shortly.' },
  EXCEED_MAX_REFUND_DUE: { status: 403, ko: '환불할 수 있는 기간이 지났습니다.', en: 'The time for refunds is over.' },
  NOT_FOUND_PAYMENT: { status: 404, ko: '존재하지 않는 결제입니다.', en: 'There is no such payment.' },
  NOT_FOUND_PAYMENT_SESSION: { status: 404, ko: '결제 시간이 만료되어 결제 정보가 없습니다.', en: 'The payment session is over.' },
  NOT_FOUND: { status: 404, ko: '존재하지 않는 정보입니다.', en: 'There is nothing here.' },
  IDEMPOTENT_REQUEST_PROCESSING: { status: 409, ko: '같은 멱등키의 이전 요청을 처리하고 있습니다.', en: 'An earlier request with this idempotency key is under way.' },
  TOO_MANY_REQUESTS: { status: 429, ko: '요청이 너무 많습니다.', en: 'Too many requests.' },
  FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING: { status: 500, ko: '결제가 완료되지 않았습니다. 다시 시도해 주세요.', en: 'The payment was not completed. Try again.' },
  FAILED_INTERNAL_SYSTEM_PROCESSING: { status: 500, ko: '내부 시스템 오류입니다.', en: 'An internal system failed.' },
  UNKNOWN_PAYMENT_ERROR: { status: 500, ko: '결제에 실패했습니다.', en: 'The payment failed.' },
  COMMON_ERROR: { status: 500, ko: '일시적인 오류입니다.', en: 'A temporary error.' },
  FAILED_REFUND_PROCESS: { status: 500, ko: '은행 응답 시간 지연으로 환불에 실패했습니다.', en: 'The refund failed because the bank was slow.' },
  FAILED_PARTIAL_REFUND: { status: 500, ko: '부분 환불에 실패했습니다.', en: 'The partial refund failed.' },
  /** Not one of Toss': this part of Toss has not been built. */
  SANDBOX_NOT_SIMULATED: { status: 404, ko: '이 샌드박스에는 없는 기능입니다.', en: 'This sandbox does not simulate that.' },
});

export type TossErrorCode = keyof typeof TOSS_ERRORS;
export const isTossErrorCode = (text: string): text is TossErrorCode => Object.hasOwn(TOSS_ERRORS, text);

export type Language = 'ko' | 'en';
/** Korean unless the client asks for English first. */
export const languageOf = (acceptLanguage: string | undefined): Language => (/^\s*en\b/i.test(acceptLanguage ?? '') ? 'en' : 'ko');

export const errorBody = (code: TossErrorCode, language: Language): { code: string; message: string } => ({ code, message: TOSS_ERRORS[code][language] });
