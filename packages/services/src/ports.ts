import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** How often a server is given another port when somebody else took the one it was promised. */
export const PORT_ATTEMPTS_MAX = 5;
const LOWEST_PORT = 10_240;
const DRAWS_MAX = 100;

/**
 * A port of 127.0.0.1 that was free a moment ago: the caller must try again when it no longer is. Drawn from below the range that the
 * kernel gives to outgoing connections: while a server there is being restarted, a client that keeps trying would sooner or later be
 * given the server's own port as its end, connect to itself, and keep the server from coming back.
 */
export async function freePort(): Promise<number> {
  const below = lowestOutgoingPort();
  for (let draw = 0; draw < DRAWS_MAX && below > LOWEST_PORT; draw += 1) {
    const port = randomInt(LOWEST_PORT, below);
    if (await portIsFree(port)) return port;
  }
  return listenOnce(0, '127.0.0.1');
}

/** Linux's own default where the setting cannot be read. */
const OUTGOING_FROM = 32_768;

function lowestOutgoingPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0]) || OUTGOING_FROM;
  } catch {
    return OUTGOING_FROM;
  }
}

/** True when `port` of `host` can be listened on now. */
export async function portIsFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  try {
    await listenOnce(port, host);
    return true;
  } catch {
    return false;
  }
}

function listenOnce(port: number, host: string): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.unref();
    server.once('error', fail);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? done(address.port) : fail(new Error('no port was given'))));
    });
  });
}
