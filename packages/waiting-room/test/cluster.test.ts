import { seedOf, until } from '@onsale/testing';
import { startRedis } from '@onsale/services';
import t from 'tap';
import { openRoomConnection } from '../src/index.ts';
import * as model from '../src/model/index.ts';
import { describeFailure, fuzz } from './fuzz/fuzz.ts';

/*
 * In cluster mode Redis refuses a command, and a key inside a script, that is not in the slot of the others, though all slots be on one node.
 * A room's keys share one hash tag, so a room lives on one node whole: shown by every verb, as random rooms use them.
 */
const SLOTS = 16_384;
const FUZZ_ROOMS = 6;
const FUZZ_MS = 60_000;
t.setTimeout(FUZZ_MS + 60_000);

const server = await startRedis({ dir: t.testdir(), settings: { 'cluster-enabled': 'yes', appendfsync: 'no' } });
const connection = openRoomConnection(server.url);
t.teardown(async () => {
  await connection.close();
  await server.stop();
});
await connection.ready();
await connection.redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', String(SLOTS - 1));
// A node waits a little before it trusts its own slots.
await until('the cluster is up', async () => String(await connection.redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));

t.test('every verb keeps to its room’s slot', async (t) => {
  const { rooms, steps, failure } = await fuzz(connection, seedOf(t), { ms: FUZZ_MS, rooms: FUZZ_ROOMS }, model);
  t.comment(`${steps} steps in ${rooms} rooms`);
  t.ok(steps > 0);
  t.equal(failure === null ? '' : describeFailure(failure), '');
});

t.test('negative control: keys of two rooms are refused, named or not', async (t) => {
  const [one, other] = ['{room:one}:line:0', '{room:other}:line:0'];
  await t.rejects(connection.redis.call('EVAL', '#!lua\nreturn 1', '2', one, other), { message: /CROSSSLOT|hash to the same slot/ });
  await t.rejects(connection.redis.call('EVAL', `#!lua\nredis.call('GET', KEYS[1]) return redis.call('GET', '${other}')`, '1', one), { message: /slot/ });
});
