import type { RoomId } from '@onsale/kernel';

/**
 * All keys of a room, under one hash tag, so that a Redis Cluster keeps a room in one slot and every script is atomic.
 * Lane 0 is the only lane now; further lanes will be `line:1` … `line:3`. `absent` … `redeemed` hold places of all lanes.
 */
const KEY_NAMES = {
  room: 'room', // hash: settings as scalars and JSON, counters, clock
  line: 'line:0', // sorted set: place → order, present fans only
  absent: 'absent', // sorted set: place → order, silent fans and those who missed a call
  called: 'called', // sorted set: place → deadline on the room clock
  entered: 'entered', // sorted set: place → deadline of the entry token on the room clock
  redeemed: 'redeemed', // sorted set: place → end of the lease on the room clock
  who: 'who', // hash: 16-byte identity → place
  entries: 'entries', // hash: place → JSON of its slot: callNo, order, enter, binding
  missed: 'missed', // hash: place → misses; negative while only a press of the fan brings it back
  ended: 'ended', // bitfield, 4 bits a place: 0 living, else code of its end
  present: 'present', // bitmap by number: who is in line, so that the sweep can find the silent by BITOP
  heard: 'heard', // bitmap by number: who gave a sign of life after joining; a silent fan who never did is no crowd of ours
  silent: 'silent', // bitmap by number: the sweep's candidates of this period
  alive0: 'alive:0', // bitmaps by number: signs of life, one a period, rotating
  alive1: 'alive:1',
  alive2: 'alive:2',
  alive3: 'alive:3',
  batches: 'batches', // list of "clock:n": the calls of the last minute
  pace: 'pace', // list: calls in each past bucket of the wait band
  recent: 'recent', // capped list of "callNo:place:order"
  journal: 'journal', // stream: calls, enters, redeems, ends, settings
} as const;

export type KeyName = keyof typeof KEY_NAMES;
export const isKeyName = (name: string): name is KeyName => Object.hasOwn(KEY_NAMES, name);
export const keyOf = (room: RoomId, name: KeyName): string => `{room:${room}}:${KEY_NAMES[name]}`;
/** Every key a room may have: for tests and for removing a room. */
export const keysOf = (room: RoomId): string[] => (Object.keys(KEY_NAMES) as KeyName[]).map((name) => keyOf(room, name));
