import { EntryReply, ProblemError, RoomParams } from '@onsale/contract';
import { claimsOf, signEntryToken } from '@onsale/entry-token';
import type { ShowId } from '@onsale/kernel';
import type { OnsaleServer } from '@onsale/runtime';
import { enter, type EnterReply, type EntryGrant } from '@onsale/waiting-room';
import { roomOf, type AdmissionContext } from '../context.ts';
import { entryBindingOf, holderOf } from '../holder.ts';
import type { OpenRoom } from '../open-room.ts';
import { placeNumberOf, problemOfRefusal, refusedOrRestored } from '../place-of-holder.ts';
import { placeReplyOf } from '../place-reply.ts';
import { roomIdOf } from '../rooms.ts';

/**
 * The fan presses Enter. Every claim of the token derives from what the room stored at the first press, and Ed25519 is deterministic, so
 * another press, tab or process answers the same token, byte for byte.
 */
export function enterRoute(server: OnsaleServer, context: AdmissionContext): void {
  const schema = { params: RoomParams, response: { 200: EntryReply } };
  server.post('/rooms/:room/places/me/entry', { schema, config: { importance: 'high' } }, async (request) => {
    const holder = holderOf(context.holderKeys, request.headers, roomIdOf(request.params.room));
    const open = await roomOf(context, request.params.room);
    const { settings } = open.view().frame;
    const key = context.keyRing.current(context.wallClock());
    if (key === undefined) throw new ProblemError('unavailable', { detail: 'No entry key may sign right now.' });
    const place = await placeNumberOf(open, holder);
    const entered = await enter(context.connection, open.room, { place, binding: entryBindingOf(context.holderKeys, request.headers, holder), kid: key.kid });
    if (entered.word === 'lost') {
      const view = await refusedOrRestored(context.connection, open, holder, entered.word);
      throw notCalled(placeReplyOf(view, open.view()));
    }
    if (!('grant' in entered)) throw refusalOf(entered, open);
    context.sockets.changed(open.room, entered.view);
    return {
      entryToken: tokenOf(context, open, settings.shows, entered.grant),
      remainingMs: entered.view.remainingMs ?? Math.max(0, entered.grant.expiresAtMs - context.wallClock()),
      shows: settings.shows.map((show) => ({ show, href: `/shows/${show}` })),
    };
  });
}

function tokenOf({ keyRing, issuer, wallClock }: AdmissionContext, open: OpenRoom, shows: readonly ShowId[], grant: EntryGrant): string {
  const key = keyRing.signer(grant.kid, wallClock());
  if (key === undefined) throw new ProblemError('unavailable', { detail: 'The key of this entry has been retired.' });
  const { place, callNo, issuedAtMs, expiresAtMs } = grant;
  const entry = { room: open.room, place, callNo, shows, enteredAtMs: issuedAtMs, kh: grant.binding.toString('base64url') };
  // The grant says when: this process' own clock has no part in the claims.
  return signEntryToken(claimsOf(entry, { iss: issuer, nowMs: issuedAtMs, lifeMs: expiresAtMs - issuedAtMs }), key);
}

type Refused = Exclude<EnterReply, { grant: unknown } | { word: 'lost' }>;

function refusalOf(refused: Refused, open: OpenRoom): ProblemError {
  switch (refused.word) {
    case 'not-called':
      return notCalled(placeReplyOf(refused.view, open.view()));
    case 'bound-elsewhere':
      return new ProblemError('holder-mismatch');
    case 'ended':
      return new ProblemError('place-ended', { state: placeReplyOf(refused.view, open.view()).state });
    case 'closed':
      return new ProblemError('room-not-open', { phase: refused.word });
    default:
      return problemOfRefusal(refused.word as Exclude<typeof refused.word, 'lost'>);
  }
}

const notCalled = ({ position, pollAfterMs }: { position: number | null; pollAfterMs: number }): ProblemError =>
  new ProblemError('not-called', { position, retryAfterMs: pollAfterMs });
