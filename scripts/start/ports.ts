import { freePort, portIsFree } from '@onsale/services';

/** Gateway, ops and sandbox stand side by side. */
export type PublicPorts = { readonly gateway: number; readonly ops: number; readonly sandbox: number };

export const DEFAULT_PORT = 3_000;
const SEARCH_MAX = 200;
const PORT_MAX = 65_533;

/** A person can act on it: printed without a stack. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

/**
 * `PORT` as given: those three or nothing, and the refusal names the one that is taken. 0: any three free in a row. Not given: 3000 and
 * its neighbours, else the next three free in a row.
 */
export async function choosePorts(given: string | undefined, host: string): Promise<PublicPorts> {
  if (given === undefined || given === '') return nextFree(DEFAULT_PORT, host);
  const port = Number(given);
  if (!Number.isInteger(port) || port < 0 || port > PORT_MAX) throw new StartRefused(`PORT must be a whole number from 0 to ${PORT_MAX}`);
  if (port === 0) return nextFree(await freePort(), host);
  const taken = await firstTaken(port, host);
  if (taken === undefined) return inARow(port);
  throw new StartRefused(
    `port ${taken} is taken (PORT=${port} needs ${port} for fans, ${port + 1} for operators, ${port + 2} for the sandbox); choose another PORT`,
  );
}

async function nextFree(from: number, host: string): Promise<PublicPorts> {
  let port = from;
  for (let step = 0; step < SEARCH_MAX && port <= PORT_MAX; step += 1) {
    const taken = await firstTaken(port, host);
    if (taken === undefined) return inARow(port);
    port = taken + 1;
  }
  throw new StartRefused(`no three free ports in a row from ${from} on; choose one with PORT`);
}

async function firstTaken(port: number, host: string): Promise<number | undefined> {
  for (const candidate of [port, port + 1, port + 2]) if (!(await portIsFree(candidate, host))) return candidate;
  return undefined;
}

const inARow = (port: number): PublicPorts => ({ gateway: port, ops: port + 1, sandbox: port + 2 });
