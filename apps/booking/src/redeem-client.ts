import { INTERNAL_SECRET_HEADER, type RedeemBody, type RedeemReply } from '@onsale/contract';
import type { RoomId } from '@onsale/kernel';
import { Pool } from 'undici';

/**
 * The waiting room's redeem over admission's internal listener: booking opens no Redis. Admission away or slow: undefined,
 * and newcomers get 503 while those inside go on.
 */
export type RedeemClient = { readonly redeem: (room: RoomId, body: RedeemBody) => Promise<RedeemReply | undefined>; readonly close: () => Promise<void> };

const REDEEM_MS_MAX = 2_000;
const CONNECTIONS_MAX = 8;
const ANSWER_BYTES_MAX = 4_096;

export function openRedeemClient(admissionInternalUrl: string, internalSecret: string): RedeemClient {
  const pool = new Pool(admissionInternalUrl, {
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    headersTimeout: REDEEM_MS_MAX,
    bodyTimeout: REDEEM_MS_MAX,
    connect: { timeout: REDEEM_MS_MAX },
    maxResponseSize: ANSWER_BYTES_MAX,
  });
  return {
    async redeem(room, body) {
      try {
        const answer = await pool.request({
          method: 'POST',
          path: `/rooms/${encodeURIComponent(room)}/redeem`,
          headers: { 'content-type': 'application/json', [INTERNAL_SECRET_HEADER]: internalSecret },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(REDEEM_MS_MAX),
        });
        if (answer.statusCode !== 200) {
          await answer.body.dump();
          return undefined;
        }
        return (await answer.body.json()) as RedeemReply;
      } catch {
        return undefined;
      }
    },
    close: () => pool.close(),
  };
}
