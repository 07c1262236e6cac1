import Fastify, { type FastifyInstance } from 'fastify';
import { registerControl } from './routes/control.ts';
import { registerTossApi } from './routes/toss-api.ts';
import { errorBody, languageOf } from './toss/error-codes.ts';
import type { TossWorld } from './toss/world.ts';
import { registerWindow } from './window/routes.ts';

const BODY_MAX = 64 * 1024;
const SWEEP_EVERY_MS = 5_000;
const HEADERS_WITHIN_MS = 10_000;

/** The stand-in for Toss Payments as one HTTP application. Closing it stops its timers and bells. */
export function buildApp(world: TossWorld): FastifyInstance {
  const app = Fastify(
    { bodyLimit: BODY_MAX, logger: false, requestTimeout: HEADERS_WITHIN_MS, forceCloseConnections: true, routerOptions: { maxParamLength: 300 } },
  );
  // Toss answers a broken body as it answers any bad request; a test wants to see that, not the framework's own words.
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, parseJson(body as string)));
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, undefined));
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const code = (error.statusCode ?? 500) < 500 ? 'INVALID_REQUEST' : 'FAILED_INTERNAL_SYSTEM_PROCESSING';
    return reply.code(error.statusCode ?? 500).send(errorBody(code, languageOf(request.headers['accept-language'])));
  });
  app.setNotFoundHandler((request, reply) => reply.code(404).send(errorBody('NOT_FOUND', languageOf(request.headers['accept-language']))));

  registerTossApi(app, world);
  registerWindow(app, world);
  registerControl(app, world);

  // Expiry that nobody asks about still rings its bell.
  const sweeping = setInterval(() => world.ledger.sweep(), SWEEP_EVERY_MS);
  sweeping.unref();
  app.addHook('onClose', async () => {
    clearInterval(sweeping);
    await world.bells.close();
  });
  return app;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
