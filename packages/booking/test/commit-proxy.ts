import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** COM_QUERY, then the text; MySQL has clients say between them that there are no query attributes: none of one set. */
const COMMITS = ['\x03COMMIT', '\x03\x00\x01COMMIT'].map((text) => Buffer.from(text));

/**
 * A TCP proxy that loses the answer to COMMIT: while armed, the next COMMIT is passed on, the server's answer to it is thrown away and the
 * line is cut. The transaction stands; the client cannot know.
 */
export async function commitProxy(t: { readonly teardown: (close: () => unknown) => unknown }, target: string) {
  const { hostname, port } = new URL(target);
  let armed = 0;
  let lost = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let losing = false;
    client.on('data', (piece: Buffer) => {
      if (armed > 0 && COMMITS.some((commit) => piece.includes(commit))) {
        armed -= 1;
        losing = true;
      }
      upstream.write(piece);
    });
    upstream.on('data', (piece: Buffer) => {
      if (!losing) return void client.write(piece);
      lost += 1;
      client.destroy();
      upstream.destroy();
    });
    for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const through = new URL(target);
  through.port = String((server.address() as AddressInfo).port);
  return { url: through.href, loseNext: (commits = 1) => void (armed = commits), lost: () => lost };
}
