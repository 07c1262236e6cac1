import { SignInBody, SignInReply } from '@onsale/contract';
import { bearerOf, type Metrics, type OnsaleServer } from '@onsale/runtime';
import { ProblemError } from '@onsale/contract';
import type { OpsContext } from '../context.ts';

const OUTCOMES = ['signed-in', 'bad-credentials', 'rate-limited', 'overloaded'] as const;

/** Signing in is open to all and paced by name and source; the token is a Bearer, because ports do not separate cookies. */
export function signInRoute(server: OnsaleServer, { gate }: OpsContext, metrics: Metrics): void {
  const attempts = metrics.counter('onsale_operator_sign_ins', 'Tries to sign in, by outcome', { outcome: OUTCOMES });
  server.post('/sessions', { schema: { body: SignInBody, response: { 201: SignInReply } } }, async (request, reply) => {
    try {
      const { token, name, remainingMs } = await gate.signIn({ ...request.body, source: request.source });
      attempts.add({ outcome: 'signed-in' });
      return await reply.code(201).send({ token, name, remainingMs });
    } catch (error) {
      if (error instanceof ProblemError) attempts.add({ outcome: error.code });
      throw error;
    }
  });
}

export function signOutRoute(server: OnsaleServer, { gate }: OpsContext): void {
  server.delete('/sessions', async (request, reply) => {
    await gate.signOut(bearerOf(request) as string);
    return reply.code(204).send();
  });
}
