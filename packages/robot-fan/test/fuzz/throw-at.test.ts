import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import { noAnswers, throwAt } from './throw-at.ts';

// Control of the fuzz: a server with the faults that it looks for is found out, however late it shows them.

async function serverThat(answer: (socket: Socket, text: string) => void): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('data', (bytes) => answer(socket, bytes.toString('latin1')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const statusLine = (status: number): string => `HTTP/1.1 ${status} x\r\nContent-Length: 0\r\n\r\n`;
const input = (answered: boolean) => ({ text: 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n', answered });

t.test('an answer 500 counts also when it takes its time, behind others and alone; 503 does not', async (t) => {
  const server = await serverThat((socket, text) => {
    const count = text.split('GET').length - 1;
    for (let n = 1; n < count; n += 1) socket.write(statusLine(503));
    setTimeout(() => socket.write(statusLine(500)), 400);
  });
  t.teardown(() => server.close());
  const answers = noAnswers();
  await throwAt(server.port, [input(true), input(true), input(true), input(false)], answers);
  t.equal(answers.failed.length, 2);
  t.equal(answers.statuses.get(503), 2);
  t.equal(answers.sent, 4);
  t.same(answers.hanging, []);
});

t.test('who neither answers nor hangs up is named; who hangs up is counted', async (t) => {
  const silent = await serverThat(() => undefined);
  const hangingUp = await serverThat((socket) => socket.resetAndDestroy());
  t.teardown(() => {
    silent.close();
    hangingUp.close();
  });
  const [one, other] = [noAnswers(), noAnswers()];
  await Promise.all([throwAt(silent.port, [input(false)], one), throwAt(hangingUp.port, [input(true), input(false)], other)]);
  t.equal(one.hanging.length, 1);
  t.equal(other.unanswered, 2);
  t.same(other.hanging, []);
});
