import Fastify from 'fastify';

/**
 * The ceiling of every HTTP figure: a bare Fastify that parses a JSON body and gives it back, and answers a GET with a
 * small object. Nothing else: no hooks, no validation, no store.
 */
const server = Fastify({ logger: false });
server.post('/echo', async (request, reply) => reply.code(201).send(request.body));
server.get('/echo', async () => ({ state: 'waiting', position: 1, pollAfterMs: 2_000 }));
await server.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
process.on('disconnect', () => process.exit(0));
process.send?.({ listening: true });
