import { createServer } from 'node:net';

/** How often a server is given another port when somebody else took the one it was promised. */
export const PORT_ATTEMPTS_MAX = 5;

/** A port of 127.0.0.1 that was free a moment ago: the caller must try again when it no longer is. */
export function freePort(): Promise<number> {
  return listenOnce(0, '127.0.0.1');
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
