import { createSigner } from 'fast-jwt';
import type { EntryClaims } from './claims.ts';
import type { SigningKey } from './key-ring.ts';

/** Explicit type (RFC 8725 §3.11): a proof or any other JWT of the same key can never pass as an entry token. */
export const ENTRY_TOKEN_TYPE = 'entry+jwt';

/** Signs claims as they are: `iat` and `exp` come from the claims, so the same entry gives the same token. */
export function signEntryToken(claims: EntryClaims, key: SigningKey): string {
  let sign = signers.get(key);
  if (sign === undefined) {
    sign = createSigner({ key: key.privateKeyPem, algorithm: 'EdDSA', kid: key.kid, header: { alg: 'EdDSA', typ: ENTRY_TOKEN_TYPE, kid: key.kid } });
    signers.set(key, sign);
  }
  return sign(claims);
}

/** Parsing a PEM costs more than a signature; a signer lives as long as its key. */
const signers = new WeakMap<SigningKey, (claims: EntryClaims) => string>();
