import type { FastifyError, FastifySchemaValidationError } from 'fastify';
import { ProblemError, type ProblemExtras } from '@onsale/contract';

/** Turns errors of other packages (a busy pool, a store that is away) into refusals; undefined: not known here. */
export type TranslateError = (error: Error) => ProblemError | undefined;

const DETAIL_LENGTH_MAX = 200;

/**
 * The refusal behind an error, or undefined when the error is a bug. Nothing that the client sent is repeated: a validation names the
 * place (a JSON pointer of our own schema's names) and the rule.
 */
export function problemOfError(error: unknown, translate?: TranslateError): ProblemError | undefined {
  if (error instanceof ProblemError) return error;
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode, validation, validationContext } = error as FastifyError;
  if (validation !== undefined) return new ProblemError('bad-request', validationExtras(validation, validationContext));
  if (statusCode === 413) return new ProblemError('too-large');
  if (statusCode === 415) return new ProblemError('unsupported-media-type');
  if (statusCode === 404) return new ProblemError('not-found');
  if (code === 'FST_ERR_HANDLER_TIMEOUT') return new ProblemError('overloaded');
  // Fastify and its plugins put such a status on what is the client's doing, also on errors of Node: a body that was broken off, a path that climbs.
  const isClients = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  if (isClients) return new ProblemError('bad-request', { detail: FRAMEWORK_DETAILS[code] ?? 'The request cannot be read.' });
  return translate?.(error);
}

const FRAMEWORK_DETAILS: Record<string, string> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty although its type is application/json.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is shorter or longer than its Content-Length.',
  FST_ERR_BAD_URL: 'The path is not well-formed.',
};

function validationExtras(validation: readonly FastifySchemaValidationError[], context: string | undefined): ProblemExtras {
  const [first] = validation;
  const part = context === undefined || context === 'querystring' ? 'query' : context;
  const path = first?.instancePath ?? '';
  // The name of a member that no schema knows is the client's own text.
  const isUnknownMember = first?.schemaPath?.includes('additionalProperties') === true;
  const pointer = `/${part}${isUnknownMember ? path.slice(0, Math.max(0, path.lastIndexOf('/'))) : path}`.slice(0, DETAIL_LENGTH_MAX);
  const rule = isUnknownMember ? 'must not have members beyond the documented ones' : (first?.message ?? 'does not have the documented shape');
  return { detail: `${pointer} ${rule}`.slice(0, DETAIL_LENGTH_MAX), pointer };
}
