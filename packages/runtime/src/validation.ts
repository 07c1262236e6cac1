import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
import type { FastifySerializerCompiler } from 'fastify/types/schema.js';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { InvariantError } from '@onsale/kernel';

/**
 * TypeBox checks what comes in. A body is taken as it is (a number in quotes is not a number); path, query and headers are text on the
 * wire: what the schema wants as a number or a boolean is converted first.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const shape = Compile(schema);
  const convert = httpPart === 'body' ? undefined : converterOf(schema);
  return (value: unknown) => {
    const read = convert === undefined ? value : convert(value);
    if (shape.Check(read)) return { value: read };
    return { error: shape.Errors(read).slice(0, FAULTS_MAX) as FastifySchemaValidationError[] };
  };
};

const FAULTS_MAX = 3;

const TEXT_FORMS: Readonly<Record<string, { readonly form: RegExp; readonly read: (text: string) => unknown }>> = {
  // A library's conversion would cut "1.5" to 1 and let a wrong address act on the right thing.
  integer: { form: /^-?\d{1,16}$/, read: Number },
  number: { form: /^-?\d{1,16}(\.\d{1,16})?$/, read: Number },
  boolean: { form: /^(true|false)$/, read: (text) => text === 'true' },
};

/** Undefined when all members are texts already. A text that is not of its member's form stays as it is, and the check refuses it. */
function converterOf(schema: TSchema): ((value: unknown) => unknown) | undefined {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const conversions = Object.entries(properties).flatMap(([name, { type }]) => {
    const text = TEXT_FORMS[type ?? ''];
    return text === undefined ? [] : [{ name, ...text }];
  });
  if (conversions.length === 0) return undefined;
  return (value) => {
    const read: Record<string, unknown> = { ...(value as object) };
    for (const { name, form, read: convert } of conversions) {
      const text = read[name];
      if (typeof text === 'string' && form.test(text)) read[name] = convert(text);
    }
    return read;
  };
}

/**
 * Replies are written by JSON.stringify: as fast as generated writers for our shapes, and what a schema does not name is never silently
 * dropped. Outside production each reply is compared with its schema: one that differs is a bug and becomes a 500 with the place in the log.
 */
export function serializerCompilerOf({ checkReplies }: { readonly checkReplies: boolean }): FastifySerializerCompiler<TSchema> {
  if (!checkReplies) return () => JSON.stringify;
  return ({ schema, method, url, httpStatus }) => {
    const shape = Compile(schema);
    return (reply: unknown) => {
      const text = JSON.stringify(reply);
      // What the client will read: undefined members are gone, dates are texts.
      const sent: unknown = JSON.parse(text);
      if (shape.Check(sent)) return text;
      const [first] = shape.Errors(sent);
      throw new InvariantError(`the ${httpStatus ?? ''} reply of ${method} ${url} breaks its schema at ${first?.instancePath || '/'}: ${first?.message}`);
    };
  };
}
