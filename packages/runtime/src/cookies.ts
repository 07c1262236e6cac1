import type { FastifyReply } from 'fastify';
import { SECOND_MS } from '@onsale/kernel';

/**
 * A cookie that we give and take back. Both say the same attributes: a browser ignores whatever names a `__Host-` cookie without `Secure` and
 * `Path=/`, so a cookie that is cleared by less than it was set with stays.
 */
export type OwnCookie = {
  /** With `__Host-` in front wherever there is TLS. */
  readonly name: string;
  set(reply: FastifyReply, value: string, lifeMs: number): void;
  clear(reply: FastifyReply): void;
};

const HOST_PREFIX = '__Host-';

/** `value` has only characters that a cookie may have (RFC 6265 §4.1.1): ours are base64url. */
export function ownCookie(name: string, { secure }: { readonly secure: boolean }): OwnCookie {
  const fullName = secure ? HOST_PREFIX + name : name;
  const put = (reply: FastifyReply, value: string, seconds: number): void => {
    void reply.header('set-cookie', `${fullName}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`);
  };
  return {
    name: fullName,
    set: (reply, value, lifeMs) => put(reply, value, Math.ceil(lifeMs / SECOND_MS)),
    clear: (reply) => put(reply, '', 0),
  };
}
