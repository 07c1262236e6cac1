import { buildApp } from './app.ts';
import { QUIET } from './toss/bells.ts';
import { createClock } from './toss/clock.ts';
import { SANDBOX_MERCHANTS, type Merchant } from './toss/merchants.ts';
import { createTossWorld, type TossWorld } from './toss/world.ts';

export type SandboxOptions = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where webhooks go from the start; null: nowhere until /control/webhooks says so. */
  readonly webhookUrl: string | null;
  /** The address browsers reach it under; absent: the one it listens on. */
  readonly publicUrl?: string;
  /** Default: the sandbox's own two. */
  readonly merchants?: readonly Merchant[];
};

export type Sandbox = { readonly url: string; readonly world: TossWorld; readonly close: () => Promise<void> };

/** Starts the whole sandbox. It holds no state outside its memory: a restart is an empty Toss. */
export async function startSandbox({ host, port, webhookUrl, publicUrl, merchants = SANDBOX_MERCHANTS }: SandboxOptions): Promise<Sandbox> {
  const world = createTossWorld({ clock: createClock(Date.now), merchants, bells: { ...QUIET, url: webhookUrl } });
  const app = buildApp(world);
  const url = await app.listen({ host, port });
  world.baseUrl = publicUrl ?? url;
  return { url, world, close: () => app.close() };
}
