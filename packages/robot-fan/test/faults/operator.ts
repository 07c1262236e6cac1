import { TEST_OPERATOR, type WholeSystem } from '@onsale/testing';

/** An operator as a program: signed in before anything happens, as one is in the hour of an on-sale. */
export type Operator = {
  /** Asks until the phase is in force, each asking with the version that is shown; gives how long it took. */
  readonly put: (phase: 'open' | 'paused', withinMs: number) => Promise<number>;
};
type Told = { readonly status: number; readonly etag: string | null; readonly body: { readonly token?: string; readonly inForce?: boolean } };

const ANSWER_MS = 8_000;
const AGAIN_MS = 500;

export async function signIn(system: WholeSystem, room: string): Promise<Operator> {
  const url = `${system.apps('ops')[0]?.url}/api/ops`;
  let token = '';
  const ask = async (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Told> => {
    const reply = await fetch(`${url}${path}`, {
      method, signal: AbortSignal.timeout(ANSWER_MS),
      headers: {
        ...headers, ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    return { status: reply.status, etag: reply.headers.get('etag'), body: text === '' ? {} : (JSON.parse(text) as Told['body']) };
  };
  const { name, password } = TEST_OPERATOR;
  token = (await ask('POST', '/sessions', { name, password })).body.token ?? '';
  // The console is open: the room and its operator are known to ops.
  await ask('GET', `/rooms/${room}`);
  return {
    async put(phase, withinMs) {
      const from = performance.now();
      const told: string[] = [];
      while (performance.now() - from < withinMs) {
        const seen = await ask('GET', `/rooms/${room}`).catch(() => undefined);
        if (seen?.etag != null) {
          const answer = await ask('PATCH', `/rooms/${room}`, { phase, cause: 'a fault' }, { 'if-match': seen.etag }).catch(() => undefined);
          told.push(String(answer?.status));
          if (answer?.status === 500) break;
          if (answer?.status === 200 && answer.body.inForce === true) return performance.now() - from;
        } else told.push(`GET ${seen?.status}`);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
      throw new Error(`${phase} was not in force within ${withinMs / 1_000} s: ${told.join(' ')}`);
    },
  };
}
