import { INSIDE } from '@onsale/contract';

/**
 * Whether the apps behind the gateway are ready, asked on their internal listeners, as checks for the gateway's own readiness. A crowd of probes
 * costs each app one question per `REMEMBER_MS`.
 */
export type NamedHealth = Readonly<Record<string, string>>;
const ANSWER_MS = 900;
const REMEMBER_MS = 300;

export function readinessChecks(addresses: NamedHealth, now: () => number): Record<string, () => Promise<boolean>> {
  return Object.fromEntries(
    Object.entries(addresses).map(([name, url]) => {
      let last: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
      const check = (): Promise<boolean> => {
        if (last === undefined || now() - last.at > REMEMBER_MS) last = { at: now(), answer: answers200(url + INSIDE.ready) };
        return last.answer;
      };
      return [name, check];
    }),
  );
}

async function answers200(url: string): Promise<boolean> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
    await reply.body?.cancel();
    return reply.status === 200;
  } catch {
    return false;
  }
}
