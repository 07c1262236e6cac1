import { pick, randomBelow, type Random } from '@onsale/kernel';

const TEXTS = ['{"type":"hello"}', '{"type":"alive"}', '{"type":"hello","receipt":"x"}', '{"type":"hello","session":"a.b"}',
  '{"type":"hello","token":"x"}', '{"type":', '', 'null', '[]',
  '{"__proto__":1}', '['.repeat(3_000), 'x'.repeat(4_097), '{"type":"hello","receipt":"\\u0000"}'];
const CLOSE_CODES = [0, 1, 999, 1000, 1001, 1004, 1005, 1006, 1012, 1015, 1016, 2999, 3000, 4000, 4999, 5000, 65_535];

/** A few frames as bytes: fragmented, unmasked, reserved bits and opcodes, wrong lengths, invalid UTF-8, close codes, long control frames. */
export function drawFrames(random: Random): { readonly bytes: Buffer; readonly count: number } {
  const count = 1 + randomBelow(random, 5);
  return { bytes: Buffer.concat(Array.from({ length: count }, () => drawFrame(random))), count };
}

function drawFrame(random: Random): Buffer {
  const chance = (share: number): boolean => random() < share;
  const opcode = chance(0.6) ? pick(random, [0, 1, 1, 1, 8, 9, 10]) : randomBelow(random, 16);
  const payload = drawPayload(random, opcode);
  const first = (chance(0.8) ? 0x80 : 0) | (chance(0.08) ? randomBelow(random, 8) << 4 : 0) | opcode;
  const isMasked = chance(0.92);
  const told = chance(0.06) ? pick(random, [0, 1, 125, 126, 65_535, 1_000_000, 2 ** 40]) : payload.length;
  const mask = Buffer.from(Array.from({ length: 4 }, () => randomBelow(random, 256)));
  const masked = isMasked ? Buffer.from(payload.map((byte, at) => byte ^ (mask[at % 4] as number))) : payload;
  return Buffer.concat([Buffer.from([first]), lengthBytes(told, isMasked, chance(0.05)), isMasked ? mask : Buffer.alloc(0), masked]);
}

function drawPayload(random: Random, opcode: number): Buffer {
  if (opcode === 8) {
    const code = pick(random, CLOSE_CODES);
    return pick(random, [Buffer.alloc(0), Buffer.from([3]), Buffer.from([code >> 8, code & 0xff]), Buffer.from([3, 0xe8, 0xff, 0xfe]),
    Buffer.from([3, 0xe8, ...Buffer.alloc(130, 'x')])]);
  }
  if (random() < 0.15) return Buffer.from(pick(random, [[0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]));
  if (opcode > 8 && random() < 0.3) return Buffer.alloc(126 + randomBelow(random, 200), 'p');
  return Buffer.from(pick(random, TEXTS));
}

/** `wasteful`: a longer form than needed, which is not allowed. */
function lengthBytes(length: number, isMasked: boolean, wasteful: boolean): Buffer {
  const bit = isMasked ? 0x80 : 0;
  if (length < 126 && !wasteful) return Buffer.from([bit | length]);
  if (length < 65_536) return Buffer.from([bit | 126, length >> 8, length & 0xff]);
  const long = Buffer.alloc(9);
  long[0] = bit | 127;
  long.writeBigUInt64BE(BigInt(length), 1);
  return long;
}
