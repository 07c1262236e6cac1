import { CLIENT_KEY_HEADER, ProblemError } from '@onsale/contract';
import { heldBy, opens, parseDeviceCookie, parseHolderSecret, verifyEntrySession, type EntrySession, type HolderSecret } from '@onsale/entry-token';
import type { OpaqueId, ShowId } from '@onsale/kernel';
import { bearerOf } from '@onsale/runtime';
import type { FastifyRequest } from 'fastify';
import type { KeyObject } from 'node:crypto';

/**
 * Who may go on. Everything here is decided from the request and from memory: a request without a sound session, or with
 * somebody else's, costs no query.
 *
 *   Bearer (a program)   read: the session's signature; write: also `x-client-key`, whose hash the session is bound to
 *   cookie (a browser)   read and write: the session cookie and the device cookie it is bound to
 */
export type EntryGuard = {
  /** Throws ProblemError no-session, session-ended, no-identity, holder-mismatch. */
  readonly session: (request: GuardedRequest, access: 'read' | 'write') => LiveSession;
  readonly sessionFor: (request: GuardedRequest, access: 'read' | 'write', show: ShowId) => LiveSession;
  /** The fan's secret from a program's key or the browser's device cookie, whichever came; undefined when neither did. */
  readonly holder: (request: GuardedRequest, clientKey?: string) => HolderSecret | undefined;
  /** The same check of a session text that did not come in a header (the seat socket's first message). */
  readonly sessionOfText: (text: string) => LiveSession;
};
export type GuardedRequest = FastifyRequest;
export type LiveSession = EntrySession & { readonly sidText: OpaqueId; readonly personText: OpaqueId };

export type EntryGuardOptions = {
  readonly sessionKeys: readonly KeyObject[];
  readonly deviceKeys: readonly KeyObject[];
  /** From memory, at most 2 s old; see booking's entry sessions. */
  readonly isEnded: (sid: OpaqueId) => boolean;
  readonly nowMs: () => number;
  readonly cookieNames: { readonly session: string; readonly device: string };
};

export function createEntryGuard({ sessionKeys, deviceKeys, isEnded, nowMs, cookieNames }: EntryGuardOptions): EntryGuard {
  const sessionOfText = (text: string): LiveSession => {
    const verified = verifyEntrySession(text, sessionKeys, nowMs());
    if (!verified.ok) throw new ProblemError(verified.refusal.kind === 'expired' ? 'session-ended' : 'no-session');
    const session = { ...verified.value, sidText: textOf(verified.value.sid), personText: textOf(verified.value.person) };
    if (isEnded(session.sidText)) throw new ProblemError('session-ended');
    return session;
  };
  const deviceOf = (request: GuardedRequest): HolderSecret | undefined => {
    const parsed = parseDeviceCookie(request.cookies?.[cookieNames.device], deviceKeys);
    return parsed.ok ? parsed.value : undefined;
  };
  const keyOf = (text: unknown): HolderSecret | undefined => {
    if (text === undefined) return undefined;
    const parsed = parseHolderSecret(text);
    if (!parsed.ok) throw new ProblemError('bad-request', { detail: 'The client key is 22 characters of base64url.' });
    return parsed.value;
  };
  const session = (request: GuardedRequest, access: 'read' | 'write'): LiveSession => {
    const bearer = bearerOf(request);
    const text = bearer ?? request.cookies?.[cookieNames.session];
    if (text === undefined) throw new ProblemError('no-session');
    const live = sessionOfText(text);
    const holder = bearer === undefined ? deviceOf(request) : keyOf(request.headers[CLIENT_KEY_HEADER]);
    if (holder === undefined) {
      if (bearer !== undefined && access === 'read') return live;
      throw new ProblemError('no-identity');
    }
    if (!heldBy(live, holder)) throw new ProblemError('holder-mismatch');
    return live;
  };
  return {
    session,
    sessionFor: (request, access, show) => {
      const live = session(request, access);
      if (!opens(live, show)) throw new ProblemError('token-foreign');
      return live;
    },
    holder: (request, clientKey) => keyOf(clientKey) ?? deviceOf(request),
    sessionOfText,
  };
}

const textOf = (bytes: Buffer): OpaqueId => bytes.toString('base64url') as OpaqueId;
