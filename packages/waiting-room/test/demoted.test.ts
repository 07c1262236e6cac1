import { join as joinPath } from 'node:path';
import { startRedis } from '@onsale/services';
import { demote, faultProxy, promote, startReplica, until } from '@onsale/testing';
import type { RoomId } from '@onsale/kernel';
import { Redis as PlainRedis } from 'ioredis';
import t from 'tap';
import {
  enter, finish, keepPlace, leave, openRoomConnection, readCalled, readFrame, readGauges, readJournal, readopt, readPlace, readRedeemed, RoomUnreachable,
  type RoomConnection,
} from '../src/index.ts';
import { keyOf } from '../src/keys.ts';
import { openRoom } from './room-under-test.ts';

/*
 * A primary is demoted with its clients connected and nobody tells them: it keeps its run_id, and every place as it was.
 *
 *   client ── address ──► A (primary) ──► A (replica of B: refuses) ──► connects anew ──► B: fenced until it is adopted
 */
t.test('a demoted primary answers nothing, and the client finds the new one behind the same address', { timeout: 60_000 }, async (t) => {
  const dir = t.testdir();
  const a = await startRedis({ dir: joinPath(dir, 'a') });
  t.teardown(() => a.kill());
  const address = await faultProxy(t, a.url);
  const test = await openRoom({ phase: 'paused' }, address.through(a.url));
  t.teardown(() => test.connection.close());
  const { connection, room } = test;
  const [fan] = await test.joinMany(5);
  if (fan === undefined) throw new Error('nobody joined');
  const { place, binding } = fan;
  const b = await startReplica(t, joinPath(dir, 'b'), a.port, a.password);
  const runIdOfA = connection.runId();
  const verbs: Record<string, (client: RoomConnection) => Promise<unknown>> = {
    'read-place': (client) => readPlace(client, room, [place]), 'keep-place': (client) => keepPlace(client, room, [place]),
    'read-gauges': (client) => readGauges(client, room), 'read-frame': (client) => readFrame(client, room),
    'read-called': (client) => readCalled(client, room, null), 'enter': (client) => enter(client, room, { place, binding, kid: 'k' }),
    'leave': (client) => leave(client, room, place), 'finish': (client) => finish(client, room, place),
  };
  // Each on a connection of its own, that was there before.
  const asks = await Promise.all(Object.entries(verbs).map(async ([name, verb]) => {
    const client = openRoomConnection(address.through(a.url));
    t.teardown(() => client.close());
    await client.ready();
    return [name, { client, ask: () => verb(client) }] as const;
  }));

  await promote(b.url);
  // A cannot reach its new primary yet: it serves its old data to whoever reads plainly.
  await demote(a.url, 1, a.password);
  address.leadTo(b.url);
  const plain = new PlainRedis(a.url);
  t.equal(await plain.zrank(keyOf(room, 'line'), String(place)), 0, 'negative control: a plain read still finds the place there');
  t.match(await plain.info('server'), `run_id:${runIdOfA}`, 'the run_id alone does not tell');
  plain.disconnect();

  for (const [name, { client, ask }] of asks) {
    const told = await ask().then((answer) => JSON.stringify(answer), (error: unknown) => error);
    t.ok(told instanceof RoomUnreachable && /READONLY/.test(told.message), `${name}: ${String(told)}`);
    await until(`${name}: connected to B`, () => client.runId() !== null && client.runId() !== runIdOfA);
  }
  await t.rejects(readPlace(connection, room, [place]), RoomUnreachable);
  await until('connected to B', () => connection.runId() !== null && connection.runId() !== runIdOfA);
  t.same(await readPlace(connection, room, [place]), [{ word: 'fenced' }], 'B is not adopted yet');
  t.match(await readopt(connection, room, String(runIdOfA), 1), { word: 'readopted' });
  t.match(await readPlace(connection, room, [place]), [{ word: 'place', view: { ahead: 0 } }]);
});

t.test('a replica is not ready, until it is promoted', { timeout: 60_000 }, async (t) => {
  const dir = t.testdir();
  const a = await startRedis({ dir: joinPath(dir, 'a') });
  t.teardown(() => a.kill());
  const b = await startReplica(t, joinPath(dir, 'b'), a.port, a.password);
  const told: string[] = [];
  const connection = openRoomConnection(b.url, ({ message }) => told.push(message));
  t.teardown(() => connection.close());
  await t.rejects(connection.ready(700), RoomUnreachable);
  t.ok(told.includes('this Redis is a replica'));
  await t.rejects(readJournal(connection, 'demo' as RoomId, '0'), RoomUnreachable, 'no journal from a replica');
  await t.rejects(readRedeemed(connection, 'demo' as RoomId).then(() => undefined), RoomUnreachable, 'no places from a replica');
  await promote(b.url);
  await connection.ready();
  t.type(connection.runId(), 'string');
});
