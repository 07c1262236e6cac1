import { OPS_PREFIX, type OpsRoomReply, type RoomPatch } from '@onsale/contract';
import { makeOnSale, openWholeSystem, TEST_OPERATOR, type WholeSystem } from '@onsale/testing';
import t from 'tap';
import { openOps, putBack, setForCrowd, type Ops } from '../../crowd/operator.ts';

const BEFORE = { ratePerMinute: 600, capacity: 500 };
const CROWD = { ratePerMinute: 3_000, capacity: 80 };

let system: WholeSystem;
let ops: Ops;
t.before(async () => {
  system = await openWholeSystem({ processes: { ops: 1 } });
  await makeOnSale(system, BEFORE);
  ops = await openOps({ url: system.apps('ops')[0]?.url ?? '', ...TEST_OPERATOR });
});
t.teardown(async () => {
  await ops.wire.close();
  await system.close();
});

const read = async (): Promise<OpsRoomReply> => (await ops.wire.send<OpsRoomReply>('GET', `${OPS_PREFIX}/rooms/demo`, { headers: ops.headers })).body;
/** By hand: another operator, at the version of now. */
async function set(patch: RoomPatch): Promise<void> {
  const { version } = await read();
  const answer = await ops.wire.send('PATCH', `${OPS_PREFIX}/rooms/demo`, { headers: { ...ops.headers, 'if-match': `"${version}"` }, body: patch });
  if (answer.status !== 200) throw new Error(`refused: ${answer.status} ${JSON.stringify(answer.body)}`);
}
const settingsOf = ({ ratePerMinute, capacity }: OpsRoomReply) => ({ ratePerMinute, capacity });

t.test('a crowd puts back the rate and the capacity that it found', async (t) => {
  const loan = await setForCrowd(ops, 'demo', CROWD);
  t.same(settingsOf(await read()), CROWD);
  t.same(await putBack(ops, loan), ['ratePerMinute: put back to 600', 'capacity: put back to 500']);
  t.same(settingsOf(await read()), BEFORE);
});

t.test('what was set by hand during a crowd stays, and is told', async (t) => {
  const loan = await setForCrowd(ops, 'demo', CROWD);
  await set({ ratePerMinute: 120, cause: 'checkout is slow' });
  t.same(await putBack(ops, loan), [
    'ratePerMinute: stays 120, as somebody set it meanwhile (600 before the crowd)', 'capacity: put back to 500',
  ]);
  t.same(settingsOf(await read()), { ratePerMinute: 120, capacity: 500 });
  await set(BEFORE);
});

t.test('when all was set by hand nothing is changed, not even the version', async (t) => {
  const loan = await setForCrowd(ops, 'demo', CROWD);
  await set({ ratePerMinute: null, capacity: 7 });
  const { version } = await read();
  t.match(await putBack(ops, loan), [/^ratePerMinute: stays no limit, /, /^capacity: stays 7, /]);
  t.match(await read(), { ratePerMinute: null, capacity: 7, version });
  await set(BEFORE);
});

t.test('a change between the look and the putting back is seen by its version', async (t) => {
  const loan = await setForCrowd(ops, 'demo', CROWD);
  let raced = false;
  const racing: Ops = {
    ...ops,
    wire: {
      ...ops.wire,
      send: async (method, path, options) => {
        if (method === 'PATCH' && !raced) {
          raced = true;
          await set({ ratePerMinute: 90 });
        }
        return ops.wire.send(method, path, options);
      },
    },
  };
  t.match(await putBack(racing, loan), [/^ratePerMinute: stays 90, /, 'capacity: put back to 500']);
  t.same(settingsOf(await read()), { ratePerMinute: 90, capacity: 500 });
  await set(BEFORE);
});
