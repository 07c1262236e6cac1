import type { FastifyRequest } from 'fastify';

/** What a browser without scripts sends. The size is bounded like that of every body. */
export function parseForm(_request: FastifyRequest, body: string | Buffer, done: (error: null, form: URLSearchParams) => void): void {
  done(null, new URLSearchParams(String(body)));
}

/** The fields of a form; none where something else was sent. */
export const formOf = (request: FastifyRequest): URLSearchParams => (request.body instanceof URLSearchParams ? request.body : new URLSearchParams());
