import { OPAQUE_ID_PATTERN, SLUG_PATTERN } from '@onsale/kernel';
import { Type, type Static, type TSchema } from 'typebox';

/** Pieces that several APIs share. Times: `…Ms` is a duration in milliseconds, `…At` an ISO-8601 UTC instant. */
export const Slug = Type.String({ pattern: SLUG_PATTERN, maxLength: 48 });
export const OpaqueId = Type.String({ pattern: OPAQUE_ID_PATTERN, minLength: 22, maxLength: 22 });
/** 128 random bits as base64url; a program's identity and binding in one. Kept by the client, never logged. */
export const ClientKey = Type.String({ pattern: OPAQUE_ID_PATTERN, minLength: 22, maxLength: 22 });
export const DurationMs = Type.Integer({ minimum: 0 });
export const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
/**
 * Text that people write and that is shown, mailed or logged again: one line without control characters (NUL, CR, LF and their kin), which
 * would end a header, forge a line of a log or be cut by a program that reads it. Every free text of a request is one of these.
 */
export const Text = (bounds: { readonly minLength?: number; readonly maxLength: number }) =>
  Type.String({ ...bounds, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$' });
export const BilingualText = Type.Object({ ko: Text({ maxLength: 200 }), en: Text({ maxLength: 200 }) }, { additionalProperties: false });
export type BilingualText = Static<typeof BilingualText>;
export const Amount = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });
export const CurrencyCode = Type.Union([Type.Literal('KRW'), Type.Literal('USD'), Type.Literal('EUR'), Type.Literal('JPY')]);
/** One of a list of words. */
export const words = <const Words extends readonly string[]>(list: Words) => Type.Unsafe<Words[number]>(Type.Union(list.map((word) => Type.Literal(word))));

/** Idempotency-Key: 1 to 64 visible characters chosen by the client, one per thing to be made. */
export const IDEMPOTENCY_KEY_PATTERN = '^[A-Za-z0-9_-]{8,64}$';
export const IdempotencyHeader = Type.Object({ 'idempotency-key': Type.Optional(Text({ maxLength: 200 })) });

export const ProblemReply = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    retryAfterMs: Type.Optional(DurationMs),
  },
  { additionalProperties: true },
);
export const BODY_BYTES_MAX = 16_384;
export const SOCKET_MESSAGE_BYTES_MAX = 4_096;
