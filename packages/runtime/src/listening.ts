import type { AddressInfo } from 'node:net';
import { BACKLOG } from './connections.ts';
import type { BaseConfig } from './config.ts';
import type { Inside } from './inside.ts';
import type { OnsaleServer } from './server.ts';
import type { Listener } from './shell.ts';

type Where = Pick<BaseConfig, 'host' | 'port' | 'internalHost' | 'internalPort'>;
/** What a process tells its parent when it is ready. */
export type Listening = { readonly public: string; readonly internal: string };

/** Opens both listeners of an app; the internal one last, so that whoever finds it ready finds the public one open. */
export async function openListeners(app: OnsaleServer, { host, port, ...where }: Where): Promise<Listening> {
  await app.listen({ host, port, backlog: BACKLOG });
  return { public: urlOf(app), ...await openInside(app.inside, where) };
}

/** For a process that has no other. */
export async function openInside(inside: Inside, { internalHost, internalPort }: Omit<Where, 'host' | 'port'>): Promise<Pick<Listening, 'internal'>> {
  await inside.listen({ host: internalHost, port: internalPort, backlog: BACKLOG });
  return { internal: urlOf(inside) };
}

function urlOf({ server }: Listener): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
