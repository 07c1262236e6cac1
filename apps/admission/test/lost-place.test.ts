import type { AddressInfo } from 'node:net';
import t from 'tap';
import { closeCodes, type PlaceReply } from '@onsale/contract';
import { numberOf, type Place, type RoomId } from '@onsale/kernel';
import { until } from '@onsale/testing';
import { keysOf } from '@onsale/waiting-room';
import { WebSocket } from 'ws';
import { joinRoom, pathOf, startAdmission } from './start-admission.ts';

/* Redis loses its tail while fans stand at their sockets: these stay open, since it is not they that broke. */

t.test('a connected fan whose place Redis lost is sent away, and the receipt brings the place back', async (t) => {
  const running = await startAdmission();
  t.teardown(() => running.close());
  const { app } = running.admission;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const base = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const { room } = await running.makeRoom({ phase: 'paused' });
  const [kept, lost] = [await joinRoom(running, room), await joinRoom(running, room)];

  const stand = (receipt: string): { told: PlaceReply[]; closed: Promise<number> } => {
    const socket = new WebSocket(base + pathOf(room, '/socket'));
    t.teardown(() => socket.terminate());
    const told: PlaceReply[] = [];
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', receipt })));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; me?: PlaceReply };
      if (message.type === 'me' && message.me !== undefined) told.push(message.me);
    });
    return { told, closed: new Promise((resolve) => socket.on('close', resolve)) };
  };
  const [first, second] = [stand(kept.receipt), stand(lost.receipt)];
  await until('both stand', () => first.told.length > 0 && second.told.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 1_200)); // a frame of the old incarnation

  await forget(room, lost.me);
  t.equal(await second.closed, closeCodes.restart.code, 'within moments, not at the next pong');
  const again = stand(lost.receipt);
  await until('the place is back', () => again.told.length > 0);
  t.match(again.told[0], { state: 'waiting', place: lost.me.place, order: lost.me.order, position: 2 });
  t.equal(first.told.length, 1, 'whoever was not lost notices nothing');

  /** What a lost tail and the readoption after it leave of a place. */
  async function forget(of: RoomId, { place }: PlaceReply): Promise<void> {
    const { redis } = running.connection;
    const key = (name: string): string => keysOf(of).find((candidate) => candidate.endsWith(`:${name}`)) as string;
    const forgetting = redis.multi().zrem(key('line:0'), String(place)).setbit(key('present'), numberOf(place as Place), 0).del(key('who'));
    await forgetting.hincrby(key('room'), 'incarnation', 1).exec();
  }
});
