import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { buildServer, createLogger, createMetrics, type OnsaleServer } from '../src/index.ts';

async function open(t: Test): Promise<OnsaleServer> {
  const app = await buildServer({
    name: 'test', logger: createLogger({ name: 'test', level: 'silent' }), metrics: createMetrics('test'), publicOrigins: [], checkReplies: true,
    shed: { inFlightMax: 1_000, loopDelayMaxMs: 60_000 },
  });
  t.teardown(() => app.close());
  return app;
}

t.test('a route without room refuses by head alone, with a time, and not everybody with the same one', async (t) => {
  const app = await open(t);
  let hasRoom = false;
  let handled = 0;
  app.post('/holds', { config: { hasRoom: () => hasRoom } }, async () => ({ held: (handled += 1) }));
  app.get('/mine', async () => ({}));
  const broken = { method: 'POST', url: '/holds', headers: { 'content-type': 'application/json' }, payload: '{"not' } as const;
  const answers = [];
  for (let fan = 0; fan < 16; fan += 1) answers.push(await app.inject({ ...broken, headers: { ...broken.headers, 'accept-language': fan < 8 ? 'ko' : 'en' } }));
  for (const { statusCode, headers, json } of answers) {
    const problem = json<{ code: string; retryAfterMs: number }>();
    t.same([statusCode, problem.code, headers['cache-control']], [503, 'overloaded', 'no-store'], 'its body was not looked at');
    t.equal(headers['retry-after'], String(Math.ceil(problem.retryAfterMs / 1_000)));
    t.ok(problem.retryAfterMs >= 1_000 && problem.retryAfterMs < 2_000);
  }
  t.equal(new Set(answers.slice(0, 8).map(({ body }) => body)).size, 8, 'eight in a row come back at eight times');
  t.not(answers[0]?.json().title, answers[8]?.json().title, 'in the language of each');
  t.equal((await app.inject('/mine')).statusCode, 200);
  t.equal(app.pressure.inFlight, 0);
  hasRoom = true;
  t.equal((await app.inject(broken)).statusCode, 400);
  t.equal((await app.inject({ ...broken, payload: '{}' })).statusCode, 200);
  t.equal(handled, 1);
});

t.test('over a connection that is kept, the request after a refused one is read from its beginning', async (t) => {
  const app = await open(t);
  let asked = 0;
  app.post('/holds', { config: { hasRoom: () => (asked += 1) > 1 } }, async () => ({ held: true }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as { port: number };
  const request = 'POST /holds HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"seats":[1]}';
  const text = await new Promise<string>((done, fail) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.setEncoding('utf8').on('error', fail).on('data', (part: string) => {
      const answers = heard.split('HTTP/1.1 ').length;
      heard += part;
      if (answers === 1) socket.write(request);
      if (heard.includes('"held":true')) done(heard);
      if (heard.includes('"held":true')) socket.destroy();
    });
  });
  t.match(text, /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*HTTP\/1\.1 200 OK\r\n/);
});

t.test('who is read late in a long turn of the event loop knows how long it has lasted', async (t) => {
  const app = await open(t);
  const turns: number[] = [];
  app.get('/holds', { config: { hasRoom: (turnMs) => { turns.push(turnMs); return turnMs < 20; } } }, async () => ({}));
  const work = (): void => { const until = performance.now() + 15; while (performance.now() < until); };
  const { pressure } = app;
  t.equal(pressure.turnMs(), 0, 'the first of a turn');
  work();
  work();
  t.ok(pressure.turnMs() >= 30);
  await new Promise(setImmediate);
  t.equal(pressure.turnMs(), 0, 'a new turn');
  await new Promise(setImmediate);
  t.equal((await app.inject('/holds')).statusCode, 200);
  t.equal(turns.length, 1);
});
