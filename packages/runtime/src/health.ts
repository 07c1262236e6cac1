/**
 * Readiness of a process: every check answers within a second. Live means the event loop turns; ready means it may be sent work. While it
 * stops it is live but not ready, so a balancer takes it out first.
 */
export type HealthChecks = Readonly<Record<string, () => Promise<boolean> | boolean>>;
export type Readiness = { readonly ready: boolean; readonly checks: Readonly<Record<string, boolean>> };

const CHECK_MS = 1_000;

export async function readinessOf(checks: HealthChecks): Promise<Readiness> {
  const answers = await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await withinTime(check)] as const));
  return { ready: answers.every(([, good]) => good), checks: Object.fromEntries(answers) };
}

async function withinTime(check: () => Promise<boolean> | boolean): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((done) => { timer = setTimeout(done, CHECK_MS, false); });
  try {
    return await Promise.race([Promise.resolve().then(check).catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
