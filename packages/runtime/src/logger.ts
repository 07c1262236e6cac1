import pino, { type Logger } from 'pino';

export type { Logger };

/** Where a secret or personal data can stand in a log object; removed rather than masked by length. */
const NAMES = [
  'authorization', 'cookie', 'set-cookie', 'x-client-key', 'x-order-key', 'x-onsale-internal',
  'clientKey', 'receipt', 'entryToken', 'entrySession', 'session', 'orderKey', 'paymentKey', 'password', 'token', 'secret', 'secretKey', 'privateKeyPem',
  'email', 'phone',
];
const REDACTED_PATHS = NAMES.flatMap((name) => {
  const key = /^[A-Za-z_]+$/.test(name) ? `.${name}` : `["${name}"]`;
  return [key.replace(/^\./, ''), `*${key}`, `*.*${key}`];
});

export type LoggerOptions = {
  readonly name: string;
  readonly level?: string;
  /** For tests; standard output otherwise. */
  readonly destination?: { write(line: string): void };
};

/** JSON lines on standard output. Errors are logged by type, message, code and stack; what hangs on them besides is dropped. */
export function createLogger({ name, level = 'info', destination }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    name, level,
    base: { name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, remove: true },
    serializers: { err: errorFields, error: errorFields },
  };
  return destination === undefined ? pino(options, pino.destination({ dest: 1, sync: true })) : pino(options, destination);
}

const CAUSES_MAX = 5;
type ErrorFields = { type: string; message: string; code?: string; stack?: string; cause?: ErrorFields };

/** Drivers hang statements, values and sockets on their errors; none of that belongs in a log. */
export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error, message: 'a value that is not an Error was thrown' };
  const { code, cause } = error as Error & { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(cause !== undefined && depth < CAUSES_MAX ? { cause: errorFields(cause, depth + 1) } : {}),
  };
}
