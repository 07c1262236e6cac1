import { randomBelow, seededRandom, type RoomId } from '@onsale/kernel';
import t from 'tap';
import { shareRooms, type Share } from '../src/rules/share-rooms.ts';
import { seedOf } from './room-under-test.ts';

const roomsOf = (count: number): RoomId[] => Array.from({ length: count }, (_, n) => `r${n}` as RoomId);

/** Workers that beat in turn, as Redis would see them. */
class Crew {
  readonly living = new Set<string>();
  readonly holders = new Map<RoomId, string>();
  readonly calls = new Map<string, readonly RoomId[]>();
  rooms: readonly RoomId[];
  readonly roomsMax: number;

  constructor(rooms: readonly RoomId[], roomsMax: number) {
    [this.rooms, this.roomsMax] = [rooms, roomsMax];
  }

  beat(me: string): Share {
    this.living.add(me);
    const share = shareRooms({ me, living: this.living, holders: this.holders, rooms: this.rooms, roomsMax: this.roomsMax });
    for (const room of share.taken) this.holders.set(room, me);
    for (const room of share.left) this.holders.delete(room);
    this.calls.set(me, share.mine);
    return share;
  }

  die(worker: string): void {
    this.living.delete(worker);
    this.calls.delete(worker);
  }

  loads(): number[] {
    return [...this.living].map((worker) => this.calls.get(worker)?.length ?? 0).sort((one, other) => one - other);
  }
}

t.test('the first takes all, the second takes half of them over, a third a third; of one that died the others take all with one beat', (t) => {
  const crew = new Crew(roomsOf(9), 200);
  t.equal(crew.beat('a').mine.length, 9);
  t.equal(crew.beat('b').mine.length, 4);
  crew.beat('a');
  t.same(crew.loads(), [4, 5]);
  for (const worker of ['c', 'a', 'b']) crew.beat(worker);
  t.same(crew.loads(), [3, 3, 3]);
  crew.die('b');
  t.equal(crew.beat('c').mine.length, 6);
  for (const worker of ['a', 'c']) crew.beat(worker);
  t.same(crew.loads(), [4, 5]);
  t.end();
});

t.test('more rooms than all workers may call are named; a worker more and they are called', (t) => {
  const crew = new Crew(roomsOf(201), 200);
  t.match(crew.beat('a'), { mine: { length: 200 }, free: ['r200'] });
  t.same(crew.beat('b').free, []);
  t.same(crew.beat('a').free, []);
  t.same([...crew.holders.keys()].sort(), roomsOf(201).sort());
  t.end();
});

t.test('rooms that are over leave, and no lease of theirs stays', (t) => {
  const crew = new Crew(roomsOf(4), 200);
  for (const worker of ['a', 'b', 'a']) crew.beat(worker);
  crew.rooms = roomsOf(1);
  for (const worker of ['a', 'b', 'a']) crew.beat(worker);
  t.same([...crew.holders.keys()], ['r0']);
  t.end();
});

t.test('however workers come, die and beat: each room is called by one worker, evenly, after two beats of each', (t) => {
  const random = seededRandom(seedOf(t));
  for (let round = 0; round < 200; round += 1) {
    const crew = new Crew(roomsOf(1 + randomBelow(random, 60)), 30);
    for (let step = 0; step < 40; step += 1) {
      const worker = `w${randomBelow(random, 5)}`;
      if (random() < 0.15) crew.die(worker);
      else crew.beat(worker);
    }
    crew.beat('w0');
    crew.beat('w1');
    for (let beat = 0; beat < 4; beat += 1) for (const worker of crew.living) crew.beat(worker);
    const called = [...crew.calls.values()].flat();
    t.same([called.length, new Set(called).size], [crew.rooms.length, crew.rooms.length], 'once each');
    const loads = crew.loads();
    t.ok((loads.at(-1) as number) - (loads[0] as number) <= 1, loads.join());
  }
  t.end();
});
