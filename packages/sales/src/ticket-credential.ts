import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { ok, parseShowId, refuse, type OpaqueId, type Result, type ShowId } from '@onsale/kernel';
import { base45, bytesOfBase45 } from './base45.ts';

/**
 * The credential C in a ticket's QR code: who may sit where, until when, under the show's Ed25519 key. A gate phone needs the
 * public key only. Version 1 stands by itself; version 2 will add the ticket's own public key and a signature that changes
 * every 15 s, and a gate will know by the first byte which it reads.
 *
 *   version 1 │ key 4 │ ticket 16 │ seat 4 │ generation 2 │ from 4 │ to 4 │ length of show 1 │ show │ signature 64
 *
 * Times are whole seconds since 1970. About 110 bytes, 165 characters of base45.
 */
export type TicketFacts = {
  readonly ticket: OpaqueId;
  readonly show: ShowId;
  readonly seat: number;
  readonly generation: number;
  readonly fromS: number;
  readonly toS: number;
};
export type CredentialRefusal = { readonly kind: 'not-a-ticket' | 'unknown-version' | 'unknown-key' | 'forged' };

export type TicketSigner = { readonly sign: (facts: TicketFacts) => string };
export type TicketVerifier = { readonly verify: (credential: string) => Result<TicketFacts, CredentialRefusal> };

const VERSION = 1;
const HEAD_BYTES = 1 + 4 + 16 + 4 + 2 + 4 + 4 + 1;
const SIGNATURE_BYTES = 64;
export const CREDENTIAL_CHARS_MAX = 300;

/** Four bytes that name a key: enough to pick one of a handful, never a proof. */
const tagOf = (kid: string): Buffer => createHash('sha256').update(kid).digest().subarray(0, 4);

/** `kid` and the PEM of an Ed25519 private key. The same facts always give the same credential. */
export function createTicketSigner({ kid, privateKeyPem }: { readonly kid: string; readonly privateKeyPem: string }): TicketSigner {
  const key = createPrivateKey(privateKeyPem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('tickets are signed with Ed25519 keys');
  const tag = tagOf(kid);
  return {
    sign: (facts) => {
      const show = Buffer.from(facts.show, 'ascii');
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt8(VERSION, 0);
      tag.copy(head, 1);
      Buffer.from(facts.ticket, 'base64url').copy(head, 5);
      head.writeUInt32BE(facts.seat, 21);
      head.writeUInt16BE(facts.generation, 25);
      head.writeUInt32BE(facts.fromS, 27);
      head.writeUInt32BE(facts.toS, 31);
      head.writeUInt8(show.length, 35);
      const body = Buffer.concat([head, show]);
      return base45(Buffer.concat([body, sign(null, body, key)]));
    },
  };
}

/** Public keys by kid, as a gate has them: it holds nothing that could make a ticket. */
export function createTicketVerifier(keys: readonly { readonly kid: string; readonly publicKey: KeyObject }[]): TicketVerifier {
  const byTag = new Map(keys.map(({ kid, publicKey }) => [tagOf(kid).toString('hex'), publicKey]));
  return {
    verify: (credential) => {
      const bytes = credential.length > CREDENTIAL_CHARS_MAX ? null : bytesOfBase45(credential);
      if (bytes === null || bytes.length < HEAD_BYTES + SIGNATURE_BYTES) return refuse({ kind: 'not-a-ticket' });
      const all = Buffer.from(bytes);
      if (all.readUInt8(0) !== VERSION) return refuse({ kind: 'unknown-version' });
      const bodyLength = HEAD_BYTES + all.readUInt8(35);
      if (all.length !== bodyLength + SIGNATURE_BYTES) return refuse({ kind: 'not-a-ticket' });
      const key = byTag.get(all.subarray(1, 5).toString('hex'));
      if (key === undefined) return refuse({ kind: 'unknown-key' });
      if (!verify(null, all.subarray(0, bodyLength), key, all.subarray(bodyLength))) return refuse({ kind: 'forged' });
      const show = parseShowId(all.subarray(HEAD_BYTES, bodyLength).toString('ascii'));
      if (!show.ok) return refuse({ kind: 'not-a-ticket' });
      return ok({
        ticket: all.subarray(5, 21).toString('base64url') as OpaqueId, show: show.value, seat: all.readUInt32BE(21), generation: all.readUInt16BE(25),
        fromS: all.readUInt32BE(27), toS: all.readUInt32BE(31),
      });
    },
  };
}

/** The public half of a signing key, for gates. */
export const ticketPublicKey = ({ kid, privateKeyPem }: { readonly kid: string; readonly privateKeyPem: string }): { kid: string; publicKey: KeyObject } => ({
  kid,
  publicKey: createPublicKey(createPrivateKey(privateKeyPem)),
});
