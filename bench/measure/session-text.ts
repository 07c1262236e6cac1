import { signEntrySession } from '@onsale/entry-token';
import { HOUR_MS, type ShowId } from '@onsale/kernel';
import type { WholeSystem } from '@onsale/testing';
import { bindingOfFan, type Fan, type Halls } from './halls.ts';

/** The entry session that POST /entry would have given this fan for this show, signed with the system's own key. */
export function sessionText(secrets: WholeSystem['secrets'], { room }: Halls, fan: Fan, show: ShowId): string {
  return signEntrySession({
    sid: Buffer.from(fan.session, 'base64url'), person: Buffer.from(fan.person, 'base64url'), room, place: fan.place,
    binding: bindingOfFan(fan), shows: [show], untilMs: Date.now() + HOUR_MS,
  }, secrets.session[0]!);
}
