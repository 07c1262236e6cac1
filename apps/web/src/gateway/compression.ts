import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const [toBrotli, toGzip] = [promisify(brotliCompress), promisify(gzip)];

/** One body in the encodings a browser may ask for. Below a network packet there is nothing to win. */
export type Encoded = { readonly identity: Buffer; readonly br: Buffer | null; readonly gzip: Buffer | null };
export type Encoding = 'identity' | 'br' | 'gzip';
const COMPRESS_FROM_BYTES = 1_024;

/** On Node's own threads: a hall of 45,000 seats takes tens of milliseconds, in which nobody else would be served. */
export async function encodeBody(body: Buffer, brotliQuality: number): Promise<Encoded> {
  if (body.length < COMPRESS_FROM_BYTES) return plainBody(body);
  const params = { [constants.BROTLI_PARAM_QUALITY]: brotliQuality, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
  const [br, gzipped] = await Promise.all([toBrotli(body, { params }), toGzip(body)]);
  return { identity: body, br, gzip: gzipped };
}

export const plainBody = (body: Buffer): Encoded => ({ identity: body, br: null, gzip: null });

/** The best of `encoded` that the Accept-Encoding header allows. */
export function negotiate(encoded: Encoded, acceptEncoding: string | undefined): { readonly encoding: Encoding; readonly body: Buffer } {
  const accepted = acceptEncoding ?? '';
  const wants = (name: string): boolean => new RegExp(`(^|[\\s,])${name}\\b(?!\\s*;\\s*q=0(\\.0*)?([\\s,]|$))`).test(accepted);
  if (encoded.br !== null && wants('br')) return { encoding: 'br', body: encoded.br };
  if (encoded.gzip !== null && wants('gzip')) return { encoding: 'gzip', body: encoded.gzip };
  return { encoding: 'identity', body: encoded.identity };
}
