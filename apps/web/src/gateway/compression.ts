import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** One body in the encodings a browser may ask for. Below a network packet there is nothing to win. */
export type Encoded = { readonly identity: Buffer; readonly br: Buffer | null; readonly gzip: Buffer | null };
export type Encoding = 'identity' | 'br' | 'gzip';
const COMPRESS_FROM_BYTES = 1_024;

export function encodeBody(body: Buffer, brotliQuality: number): Encoded {
  if (body.length < COMPRESS_FROM_BYTES) return { identity: body, br: null, gzip: null };
  const br = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } });
  return { identity: body, br, gzip: gzipSync(body) };
}

/** The best of `encoded` that the Accept-Encoding header allows. */
export function negotiate(encoded: Encoded, acceptEncoding: string | undefined): { readonly encoding: Encoding; readonly body: Buffer } {
  const accepted = acceptEncoding ?? '';
  const wants = (name: string): boolean => new RegExp(`(^|[\\s,])${name}\\b(?!\\s*;\\s*q=0(\\.0*)?([\\s,]|$))`).test(accepted);
  if (encoded.br !== null && wants('br')) return { encoding: 'br', body: encoded.br };
  if (encoded.gzip !== null && wants('gzip')) return { encoding: 'gzip', body: encoded.gzip };
  return { encoding: 'identity', body: encoded.identity };
}
