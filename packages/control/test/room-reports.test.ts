import t from 'tap';
import { migrate, openPool } from '@onsale/database';
import { DAY_MS, HOUR_MS, valueOf, type RoomId, type ShowId } from '@onsale/kernel';
import { ownDatabase } from '@onsale/testing';
import {
  changeRoom, createRoom, DEFAULT_SETTINGS, listLivingRooms, listLooks, listRoomNames, listRoomReports, listStandingReports, markRoomLeft, readRoom,
  readRoomReport, restartRoom, withdrawRoomReport, writeRoomReport, type RoomFigures, type RoomSettings,
} from '../src/index.ts';

const url = await ownDatabase(t);
await migrate(url);
const BEGAN_MS = Date.UTC(2030, 5, 1, 11);
let nowMs = BEGAN_MS;
const pool = openPool({ url, connections: 4, nowMs: () => nowMs });
t.teardown(() => pool.close());

const act = { actor: 'kim', cause: '' };
const figures: RoomFigures = {
  joined: 90_000, peakWaiting: 88_000, called: 20_000, missed: 900, entered: 19_000, redeemed: 18_000,
  finished: 17_900, left: 400, lapsed: 1_100, revoked: 2, uncalled: 61_000,
};
const [one, other] = ['one' as RoomId, 'other' as RoomId];

async function makeRoom(room: RoomId): Promise<RoomSettings> {
  return valueOf(await createRoom(pool, { ...DEFAULT_SETTINGS, room, name: { ko: '방', en: 'Room' }, shows: ['show' as ShowId], phase: 'scheduled' }, act));
}
async function phase(room: RoomId, to: 'open' | 'closed'): Promise<void> {
  const { version } = await readRoom(pool, room) as RoomSettings;
  valueOf(await changeRoom(pool, { room, version, patch: { phase: to }, ...act }));
}
const living = async (): Promise<RoomId[]> => (await listLivingRooms(pool)).map(({ room }) => room);
const over = async (): Promise<RoomId[]> => (await listRoomNames(pool)).filter(({ isOver }) => isOver).map(({ room }) => room);

t.test('a report is written once, of a closed room; from then on the room is over', async (t) => {
  await makeRoom(one);
  await makeRoom(other);
  t.equal(await writeRoomReport(pool, { room: one, epoch: 1, figures }), 'not-closed');
  nowMs += HOUR_MS;
  await phase(one, 'open');
  nowMs += HOUR_MS;
  await phase(one, 'closed');
  t.equal(await writeRoomReport(pool, { room: one, epoch: 2, figures }), 'not-closed', 'of another epoch');
  t.equal(await writeRoomReport(pool, { room: 'nowhere' as RoomId, epoch: 1, figures }), 'not-closed');
  nowMs += HOUR_MS;
  const words = await Promise.all(Array.from({ length: 4 }, () => writeRoomReport(pool, { room: one, epoch: 1, figures })));
  t.same(words.toSorted(), ['again', 'again', 'again', 'reported'], 'of four workers one writes it');
  const wanted = {
    ...figures, openedAt: new Date(BEGAN_MS + HOUR_MS), closedAt: new Date(BEGAN_MS + 2 * HOUR_MS), reportedAt: new Date(BEGAN_MS + 3 * HOUR_MS), leftAt: null,
  };
  t.same(await readRoomReport(pool, { room: one, epoch: 1 }), wanted);
  t.same(await listRoomReports(pool), new Map([[one, wanted]]));
  t.same([await living(), await over()], [[other], [one]]);
  t.same((await listLooks(pool)).map(({ room }) => room), [other], 'nobody waits for the auditor to look at it');
});

t.test('it stands until its room has left Redis', async (t) => {
  nowMs += DAY_MS;
  t.same(await listStandingReports(pool), [{ room: one, epoch: 1, ageMs: DAY_MS }]);
  await markRoomLeft(pool, { room: one, epoch: 1 });
  t.same(await listStandingReports(pool), []);
  await markRoomLeft(pool, { room: one, epoch: 1 });
  await withdrawRoomReport(pool, { room: one, epoch: 1 });
  t.match(await readRoomReport(pool, { room: one, epoch: 1 }), { joined: 90_000, leftAt: new Date(nowMs) }, 'it is kept, and so is the time');
});

t.test('a restart makes the room living again; the old report stays', async (t) => {
  const settings = await readRoom(pool, one) as RoomSettings;
  valueOf(await restartRoom(pool, { ...settings, phase: 'open' }, act));
  t.same([await living(), await over()], [[one, other], []]);
  t.same(await listRoomReports(pool), new Map());
  t.equal((await readRoomReport(pool, { room: one, epoch: 1 }))?.joined, 90_000);
  const openedAt = new Date(nowMs);
  nowMs += HOUR_MS;
  await phase(one, 'closed');
  t.equal(await writeRoomReport(pool, { room: one, epoch: 2, figures: { ...figures, joined: 3 } }), 'reported');
  t.match(await readRoomReport(pool, { room: one, epoch: 2 }), { joined: 3, openedAt, closedAt: new Date(nowMs) }, 'times of its own epoch');
});

t.test('a report that was wrong is withdrawn, and may be written anew', async (t) => {
  await withdrawRoomReport(pool, { room: one, epoch: 2 });
  t.same(await over(), []);
  t.equal(await writeRoomReport(pool, { room: one, epoch: 2, figures }), 'reported');
  t.same(await over(), [one]);
});
