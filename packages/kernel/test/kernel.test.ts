import t from 'tap';
import { epochOf, money, numberOf, parseOpaqueId, parsePlace, parseRoomId, placeOf, seededRandom, shuffled, splitMoney, sumMoney, won } from '@onsale/kernel';

t.test('a seed replays its sequence and another seed does not', async (t) => {
  const draw = (seed: string) => Array.from({ length: 5 }, seededRandom(seed));
  t.same(draw('a'), draw('a'));
  t.notSame(draw('a'), draw('b'));
  t.same(shuffled(seededRandom(1), [1, 2, 3, 4]).toSorted(), [1, 2, 3, 4]);
});

t.test('a split is whole, exact and in proportion', async (t) => {
  t.same(splitMoney(100, [1, 1, 1]), [34, 33, 33]);
  t.same(splitMoney(0, [3, 4]), [0, 0]);
  const random = seededRandom('split');
  for (let round = 0; round < 500; round += 1) {
    const total = Math.floor(random() * 1_000_000);
    const weights = Array.from({ length: 1 + Math.floor(random() * 6) }, () => 1 + Math.floor(random() * 200_000));
    const parts = splitMoney(total, weights);
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    t.equal(parts.reduce((sum, part) => sum + part, 0), total);
    t.ok(parts.every((part, index) => Math.abs(part - (total * (weights[index] as number)) / whole) < 1), `${total} over ${weights}`);
  }
});

t.test('money refuses fractions and mixed currencies', async (t) => {
  t.throws(() => won(1.5));
  t.throws(() => sumMoney([won(1), money(1, 'USD')], 'KRW'));
  t.same(sumMoney([won(1), won(2)], 'KRW'), won(3));
});

t.test('a place carries its epoch and number exactly', async (t) => {
  for (const [epoch, n] of [[1, 1], [7, 2 ** 32 - 1], [2 ** 21 - 1, 2 ** 32 - 1]] as const) {
    const place = placeOf(epoch, n);
    t.equal(epochOf(place), epoch);
    t.equal(numberOf(place), n);
    t.ok(parsePlace(place).ok);
  }
  t.throws(() => placeOf(0, 1));
  t.throws(() => placeOf(1, 0));
  for (const bad of [0, 1, 2 ** 32, -5, 1.5, NaN, Infinity, 2 ** 60]) t.notOk(parsePlace(bad).ok, String(bad));
});

t.test('ids are parsed at the edge', async (t) => {
  for (const good of ['demo', 'a', 'show-2026-11']) t.ok(parseRoomId(good).ok, good);
  for (const bad of ['', '-a', 'a-', 'A', 'a b', 'a'.repeat(49), '../x', '{x}']) t.notOk(parseRoomId(bad).ok, bad);
  t.ok(parseOpaqueId('AAAAAAAAAAAAAAAAAAAAAA').ok);
  t.notOk(parseOpaqueId('AAAAAAAAAAAAAAAAAAAAAB').ok, 'the last character of 16 bytes carries 2 bits only');
});
