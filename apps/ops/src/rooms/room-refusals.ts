import { ProblemError } from '@onsale/contract';
import type { PatchRefusal, UnknownRoom, VersionConflict } from '@onsale/control';

export const versionConflict = (version: number): ProblemError => new ProblemError('version-conflict', { version });

const RECOVERING_RETRY_MS = 5_000;
/** Redis does not know the room, or may not be written to: the worker heals that. */
export const recovering = (): ProblemError => new ProblemError('recovering', { retryAfterMs: RECOVERING_RETRY_MS });

/** What the wire says of a change that control refused: the field and its bounds, or the version in force. */
export function problemOfChange(refusal: PatchRefusal | UnknownRoom | VersionConflict): ProblemError {
  switch (refusal.kind) {
    case 'unknown-room':
      return new ProblemError('not-found');
    case 'version-conflict':
      return versionConflict(refusal.version);
    case 'bad-setting':
      return badSetting(refusal.field, refusal);
    case 'fixed-once-open':
      return new ProblemError('bad-request', { field: refusal.field, detail: `${refusal.field} is fixed once the room has been open.` });
    case 'phase-not-allowed': {
      const { from, to } = refusal;
      const extras = { field: 'phase', from, to, detail: `A room that is ${from} cannot become ${to}.` };
      return from === 'open' ? new ProblemError('bad-request', extras) : new ProblemError('room-not-open', extras);
    }
  }
}

export function badSetting(field: string, { least, most }: { readonly least?: number; readonly most?: number }): ProblemError {
  const isLength = field === 'name';
  const bounds = least === undefined || most === undefined ? {} : { least, most };
  const detail = least === undefined ? `${field} is not one of the words allowed.` : `${field} must have ${least} to ${most}${isLength ? ' characters' : ''}.`;
  return new ProblemError('bad-request', { field, ...bounds, detail });
}
