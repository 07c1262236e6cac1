import { INTERNAL_SECRET_HEADER, ProblemError, RedeemBody, RedeemReply, RoomParams } from '@onsale/contract';
import { CALL_NO_MAX, parseBinding } from '@onsale/entry-token';
import { epochOf, parsePlace, parseRoomId } from '@onsale/kernel';
import { sameSecret, type Inside } from '@onsale/runtime';
import { redeem, type RedeemReply as Redeemed, type RoomConnection } from '@onsale/waiting-room';

export type RedeemContext = {
  readonly connection: RoomConnection;
  /** The first is in use, the others are being retired. */
  readonly internalSecrets: readonly string[];
};

/** On the internal listener only, for booking and for foreign guards behind it: opens booking for one entered place, once. */
export function redeemRoute(inside: Inside, { connection, internalSecrets }: RedeemContext): void {
  const schema = { params: RoomParams, body: RedeemBody, response: { 200: RedeemReply } };
  inside.post('/rooms/:room/redeem', {
    schema,
    config: { importance: 'money' },
    onRequest: async (request) => {
      if (!sameSecret(request.headers[INTERNAL_SECRET_HEADER], internalSecrets)) throw new ProblemError('forbidden');
    },
  }, async (request) => {
    const { place, epoch, callNo, binding } = request.body;
    const room = parseRoomId(request.params.room);
    const number = parsePlace(place);
    if (!room.ok) throw new ProblemError('not-found');
    if (!number.ok || epochOf(number.value) !== epoch) throw new ProblemError('bad-request', { detail: 'place and epoch contradict each other' });
    if (callNo > CALL_NO_MAX) throw new ProblemError('bad-request', { detail: 'callNo is beyond any call' });
    const holder = parseBinding(binding);
    if (!holder.ok) throw new ProblemError('bad-request', { detail: 'binding is not the base64url of 32 bytes' });
    return replyOf(await redeem(connection, room.value, { place: number.value, epoch, callNo, binding: holder.value }));
  });
}

function replyOf(redeemed: Redeemed): RedeemReply {
  switch (redeemed.word) {
    case 'redeemed':
    case 'again':
      return { word: redeemed.word, remainingMs: redeemed.remainingMs };
    case 'fenced':
    case 'no-room':
      return { word: 'recovering', remainingMs: 0 };
    default:
      return { word: redeemed.word, remainingMs: 0 };
  }
}
