import { createPrivateKey, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

/**
 * Every secret of the house. In development and tests they are made once by `makeSecrets` and kept in secrets.json (mode 0600); in
 * production each comes from the environment (see secret-variables.ts). A list holds the secret in use first, then those being retired.
 */
const HmacSecret = Type.String({ pattern: '^[A-Za-z0-9_-]{43,128}$' });
const HmacSecrets = Type.Array(HmacSecret, { minItems: 1, maxItems: 4 });
const ProviderKey = Type.String({ minLength: 8, maxLength: 200 });
const SigningKeyText = Type.Object({
  kid: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  privateKeyPem: Type.String({ maxLength: 1_000 }),
  notBeforeMs: Type.Optional(Type.Integer()),
  notAfterMs: Type.Optional(Type.Integer()),
});
const SigningKeys = Type.Array(SigningKeyText, { minItems: 1, maxItems: 16 });

export const Secrets = Type.Object({
  version: Type.Literal(1),
  /** Ed25519; sign entry tokens (admission). */
  entryKeys: SigningKeys,
  /** Ed25519; sign tickets (booking, worker). */
  ticketKeys: SigningKeys,
  receipt: HmacSecrets,
  device: HmacSecrets,
  session: HmacSecrets,
  order: HmacSecrets,
  holdId: HmacSecrets,
  /** Sent between our own processes; compared with `sameSecret`. */
  internal: HmacSecrets,
  toss: Type.Object({ clientKey: ProviderKey, secretKey: ProviderKey, orderMac: HmacSecrets }),
});
export type Secrets = Static<typeof Secrets>;
export type SigningKeyText = Static<typeof SigningKeyText>;

/** The same secrets, ready for use: KeyObjects for HMAC (on Node 24 several times faster than bytes). */
export type SecretKeys = {
  readonly entryKeys: readonly SigningKeyText[];
  readonly ticketKeys: readonly SigningKeyText[];
  readonly receipt: readonly KeyObject[];
  readonly device: readonly KeyObject[];
  readonly session: readonly KeyObject[];
  readonly order: readonly KeyObject[];
  readonly holdId: readonly KeyObject[];
  readonly internal: readonly string[];
  readonly toss: { readonly clientKey: string; readonly secretKey: string; readonly orderMac: readonly KeyObject[] };
};

const SECRET_BYTES = 32;
/** PKCS #8 header of an Ed25519 private key (RFC 8410); the 32 bytes of the seed follow. */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Fresh secrets; the provider's keys are of the kind that moves no money (`test_…`). `random` gives n bytes and must be cryptographic, except
 * in tests that want the same secrets each time.
 */
export function makeSecrets(random: (size: number) => Buffer = randomBytes): Secrets {
  const secret = (): string => random(SECRET_BYTES).toString('base64url');
  return {
    version: 1,
    entryKeys: [makeSigningKey('entry', random)],
    ticketKeys: [makeSigningKey('ticket', random)],
    receipt: [secret()],
    device: [secret()],
    session: [secret()],
    order: [secret()],
    holdId: [secret()],
    internal: [secret()],
    toss: { clientKey: `test_ck_${random(16).toString('hex')}`, secretKey: `test_sk_${random(16).toString('hex')}`, orderMac: [secret()] },
  };
}

/** An Ed25519 key whose kid says what it is for and never repeats. */
export function makeSigningKey(purpose: string, random: (size: number) => Buffer = randomBytes): SigningKeyText {
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, random(SECRET_BYTES)]), format: 'der', type: 'pkcs8' });
  return { kid: `${purpose}-${random(6).toString('hex')}`, privateKeyPem: key.export({ type: 'pkcs8', format: 'pem' }) as string };
}

/** The shape of a parsed secrets.json, or the names of what is wrong with it; never a value. */
export function checkSecrets(parsed: unknown): { readonly secrets: Secrets } | { readonly faults: string[] } {
  if (Value.Check(Secrets, parsed)) return { secrets: parsed };
  return { faults: Value.Errors(Secrets, parsed).map(({ instancePath, message }) => `${instancePath === '' ? 'the file' : instancePath} ${message}`) };
}

export function openSecrets(secrets: Secrets): SecretKeys {
  const keys = (list: readonly string[]): readonly KeyObject[] => list.map((text) => createSecretKey(Buffer.from(text, 'base64url')));
  const { clientKey, secretKey, orderMac } = secrets.toss;
  return {
    entryKeys: secrets.entryKeys, ticketKeys: secrets.ticketKeys, internal: secrets.internal,
    receipt: keys(secrets.receipt), device: keys(secrets.device), session: keys(secrets.session), order: keys(secrets.order), holdId: keys(secrets.holdId),
    toss: { clientKey, secretKey, orderMac: keys(orderMac) },
  };
}

/** Whether a presented secret is one of ours, in constant time for texts of equal length. */
export function sameSecret(presented: unknown, ours: readonly string[]): boolean {
  if (typeof presented !== 'string') return false;
  const given = Buffer.from(presented);
  return ours.some((secret) => given.length === Buffer.byteLength(secret) && timingSafeEqual(given, Buffer.from(secret)));
}
