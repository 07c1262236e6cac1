import { bestAvailable, indexLayout, SEAT_CODES } from '@onsale/booking';
import { seededRandom } from '@onsale/kernel';
import { smallHall } from '@onsale/testing';
import { atMost, figure, type Figure } from './measure/figures.ts';
import { Latencies } from './measure/latencies.ts';

/**
 * Best available runs on the event loop of a booking process: what one choice takes there, in halls of 15,000 to 195,000 seats and whatever is left of
 * them, beside the ceiling, one bare pass over the seats.
 */
export const CHOICE_MS_MAX = 1;
const TARGET_SEATS = 45_000;
const SEATS_IN_ROW = 45;
const QUANTITY = 4;

/** Whether a seat is free. Singles: every other seat, so that no two are left side by side. */
const LEFT: Readonly<Record<string, (seat: number, seats: number, random: () => number) => boolean>> = {
  'all free': () => true,
  'half sold': (_seat, _seats, random) => random() < 0.5,
  '1 % left': (_seat, _seats, random) => random() < 0.01,
  'singles left': (seat) => seat % 2 === 0,
  'last row left': (seat, seats) => seat >= seats - SEATS_IN_ROW,
  'sold out': () => false,
};

export function benchBestAvailable({ runs, seconds }: { runs: number; seconds: number }): Promise<Figure[]> {
  const figures: Figure[] = [];
  const times = runs * seconds * 25;
  for (const seats of [15_000, TARGET_SEATS, 195_000]) {
    const layout = indexLayout(smallHall(Math.ceil(seats / SEATS_IN_ROW), SEATS_IN_ROW));
    const name = `${seats.toLocaleString('en')} seats`;
    let [slowest, pass] = [0, 0];
    for (const [left, isFree] of Object.entries(LEFT)) {
      const random = seededRandom(left);
      const codes = Uint8Array.from({ length: layout.seats }, (_, seat) => (isFree(seat, layout.seats, random) ? SEAT_CODES.free : SEAT_CODES.sold));
      const ours = timed(times, () => bestAvailable({ layout, codes, quantity: QUANTITY, orphanRule: true })).at(0.5);
      figures.push(figure(`${name}, ${left}: p50`, ours, 'ms'));
      slowest = Math.max(slowest, ours);
      pass = Math.max(pass, timed(times, () => countFree(codes)).at(0.5));
    }
    figures.push(figure(`${name}: slowest p50`, slowest, 'ms', seats === TARGET_SEATS ? atMost(slowest, CHOICE_MS_MAX) : undefined));
    figures.push(figure(`${name}: ceiling, one bare pass, p50`, pass, 'ms'));
  }
  return Promise.resolve(figures);
}

function timed(times: number, work: () => unknown): Latencies {
  const latencies = new Latencies();
  for (let warm = 0; warm < 50; warm += 1) work();
  for (let time = 0; time < times; time += 1) {
    const began = performance.now();
    work();
    latencies.add(performance.now() - began);
  }
  return latencies;
}

function countFree(codes: Uint8Array): number {
  let free = 0;
  for (let seat = 0; seat < codes.length; seat += 1) if (codes[seat] === SEAT_CODES.free) free += 1;
  return free;
}
