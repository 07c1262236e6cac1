/** A source of uniform numbers in [0, 1), handed in so that a seed replays a run. */
export type Random = () => number;

/**
 * Seeded generator (sfc32, Chris Doty-Humphrey's PractRand suite; 32-bit state words mixed from the seed by splitmix32).
 * The same seed gives the same sequence on every machine. Not for secrets.
 */
export function seededRandom(seed: string | number): Random {
  let mix = hashSeed(String(seed));
  const next32 = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let t = mix ^ (mix >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
  let a = next32();
  let b = next32();
  let c = next32();
  let counter = 1;
  const sfc32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let warmUp = 0; warmUp < 12; warmUp += 1) sfc32();
  return sfc32;
}

/** A whole number in [0, below). */
export const randomBelow = (random: Random, below: number): number => Math.floor(random() * below);

/** One element of a non-empty list. */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[randomBelow(random, items.length)];
  if (item === undefined) throw new Error('pick from an empty list');
  return item;
}

/** A shuffled copy (Fisher–Yates). */
export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = randomBelow(random, last + 1);
    [copy[last], copy[other]] = [copy[other] as Item, copy[last] as Item];
  }
  return copy;
}

/** FNV-1a, 32 bits. */
function hashSeed(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash | 0;
}
