import { createHandshakeLimiter, createSocketDoor } from '@onsale/runtime';
import t from 'tap';

const countOf = (times: number, take: () => boolean): number => Array.from({ length: times }, take).filter(Boolean).length;

t.test('handshakes: half a second of them at once, and no source takes all of it', async (t) => {
  const limiter = createHandshakeLimiter(100);
  t.equal(countOf(200, () => limiter.take('a', 1_000)), 40, 'four fifths of the burst');
  t.equal(countOf(200, () => limiter.take('b', 1_000)), 10, 'the rest is for others');
  t.equal(countOf(200, () => limiter.take('c', 1_000)), 0, 'all of it is gone');
  t.equal(countOf(200, () => limiter.take('a', 1_200)), 16);
  t.equal(countOf(200, () => limiter.take('b', 1_200)), 4);
});

type Socket = { closed: boolean };
function open(bounds: Partial<Parameters<typeof createSocketDoor<Socket>>[0]> = {}) {
  let nowMs = 0;
  const door = createSocketDoor<Socket>({
    handshakesPerSecond: 1_000_000, newcomersMax: 16, monotonic: () => nowMs, closeLate: (socket) => (socket.closed = true), ...bounds,
  });
  const enter = (source: string): Socket | undefined => {
    if (!door.knock(source)) return undefined;
    const socket = { closed: false };
    door.enter(socket, source);
    return socket;
  };
  return { door, enter, wait: (ms: number) => { nowMs += ms; door.closeLate(); } };
}

t.test('newcomers have a pool of their own: a source has a share, everybody a deadline', async (t) => {
  const { door, enter, wait } = open();
  const guilty = Array.from({ length: 30 }, () => enter('guilty')).filter((socket) => socket !== undefined);
  t.equal(guilty.length, 4, 'a quarter');
  const neighbour = enter('neighbour');
  t.ok(neighbour);
  t.equal(door.newcomersCount, 5);
  wait(4_999);
  t.notOk(guilty.some(({ closed }) => closed));
  door.greeted(neighbour as Socket);
  wait(1);
  t.ok(guilty.every(({ closed }) => closed));
  t.equal(neighbour?.closed, false);
  t.equal(enter('guilty'), undefined, 'until they are gone');
  for (const socket of guilty) door.left(socket);
  t.ok(enter('guilty'));
  t.equal(door.newcomersCount, 1);
  for (let index = 0; index < 40; index += 1) enter(`source ${index}`);
  t.equal(door.newcomersCount, 16);
});

t.test('the door counts handshakes, also of those that become no newcomers', async (t) => {
  const { door, enter } = open({ handshakesPerSecond: 10, newcomersMax: 1_000 });
  t.equal(countOf(20, () => enter('guilty') !== undefined), 4, 'four fifths of half a second');
  t.ok(enter('neighbour'));
  t.equal(door.newcomersCount, 5);
});

t.test('a newcomer that cannot be closed yet is asked again', async (t) => {
  let isBusy = true;
  const { enter, wait } = open({ closeLate: (socket) => { socket.closed = !isBusy; return !isBusy; } });
  const socket = enter('a') as Socket;
  wait(5_000);
  t.equal(socket.closed, false);
  isBusy = false;
  wait(500);
  t.equal(socket.closed, true);
});

t.test('an owner has five sockets, however they come and go', async (t) => {
  const { door, enter } = open({ newcomersMax: 1_000 });
  const greet = (owner: string): Socket | undefined => {
    const socket = enter('a') as Socket;
    return door.greeted(socket, owner) ? socket : undefined;
  };
  const mine = Array.from({ length: 8 }, () => greet('me')).filter((socket) => socket !== undefined);
  t.equal(mine.length, 5);
  t.ok(greet('you'));
  door.left(mine[0] as Socket);
  door.left(mine[0] as Socket);
  t.ok(greet('me'));
  t.notOk(greet('me'), 'what has left once has left once');
  t.equal(door.greeted(mine[1] as Socket, 'me'), true, 'again is not one more');
  t.equal(door.newcomersCount, 0, 'who was refused is nobody’s newcomer any more');
});
