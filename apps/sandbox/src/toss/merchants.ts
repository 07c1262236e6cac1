import { createHash, timingSafeEqual } from 'node:crypto';

/** `ck`/`sk`: keys of the API (payment window). `gck`/`gsk`: keys of the widget. A pair never mixes the two. */
export type KeyKind = 'api' | 'widget';
export type Merchant = {
  readonly mid: string;
  /** The version of the API, set per merchant in Toss' console; widget keys stay on 2022-11-16. */
  readonly version: string;
  readonly keys: readonly { readonly kind: KeyKind; readonly client: string; readonly secret: string }[];
};
export type KeyHolder = { readonly merchant: Merchant; readonly kind: KeyKind };

export type AuthenticationError = 'UNAUTHORIZED_KEY' | 'INCORRECT_BASIC_AUTH_FORMAT' | 'INVALID_API_KEY' | 'INSECURE_KEY_USAGE';

export type Merchants = {
  readonly byClientKey: (clientKey: string) => KeyHolder | undefined;
  /** Checks an Authorization header as Toss does; `fromBrowser` when the request carries an Origin or fetch metadata. */
  readonly authenticate: (authorization: string | undefined, fromBrowser: boolean) => KeyHolder | AuthenticationError;
};

const CLIENT_KEY = /^(test|live)_g?ck_/;
const HEADER_MAX = 1_024;
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export function createMerchants(list: readonly Merchant[]): Merchants {
  const holders = list.flatMap((merchant) =>
    merchant.keys.map(({ kind, client, secret }) => ({ client, secretDigest: digestOf(secret), holder: { merchant, kind } satisfies KeyHolder })),
  );
  const bySecret = (secret: string): KeyHolder | undefined => {
    const digest = digestOf(secret);
    return holders.find(({ secretDigest }) => timingSafeEqual(secretDigest, digest))?.holder;
  };
  return {
    byClientKey: (clientKey) => holders.find(({ client }) => client === clientKey)?.holder,
    authenticate: (authorization, fromBrowser) => {
      if (authorization === undefined) return 'UNAUTHORIZED_KEY';
      const key = basicUser(authorization);
      if (key === null) return 'INCORRECT_BASIC_AUTH_FORMAT';
      if (CLIENT_KEY.test(key)) return 'INVALID_API_KEY';
      const holder = bySecret(key);
      if (holder === undefined) return 'UNAUTHORIZED_KEY';
      return fromBrowser ? 'INSECURE_KEY_USAGE' : holder;
    },
  };
}

/** The user of `Basic base64(user:)`; null when the colon, the padding or the alphabet is wrong. */
function basicUser(authorization: string): string | null {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/.exec(authorization.slice(0, HEADER_MAX))?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return null;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  return decoded.endsWith(':') && !decoded.startsWith('\uFEFF') && decoded.length > 1 ? decoded.slice(0, -1) : null;
}

/** The sandbox's own merchants. Its keys open nothing but a sandbox and so may stand here. */
export const SANDBOX_MERCHANTS: readonly Merchant[] = [
  {
    mid: 'tonsale0001',
    version: '2024-06-01',
    keys: [
      { kind: 'api', client: 'test_ck_onsaleSandboxClient0001', secret: 'test_sk_onsaleSandboxSecret0001' },
      { kind: 'widget', client: 'test_gck_onsaleSandboxClient0001', secret: 'test_gsk_onsaleSandboxSecret0001' },
    ],
  },
  {
    mid: 'tonsale0002',
    version: '2022-11-16',
    keys: [{ kind: 'api', client: 'test_ck_onsaleSandboxClient0002', secret: 'test_sk_onsaleSandboxSecret0002' }],
  },
];
