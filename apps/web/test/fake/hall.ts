import type { LayoutReply, Section } from '@onsale/contract';

/** A hall of 64 sections and 15,000-odd seats, and a small one: enough shape for the pages to show what they do with it. */
export function fakeLayout(show: string, sectionsAcross: number, sectionsDeep: number): LayoutReply {
  const sections: Section[] = [];
  const grades = ['VIP', 'R', 'S', 'A'];
  const rows = 13;
  const seats = 18;
  let next = 0;
  for (let deep = 0; deep < sectionsDeep; deep += 1) {
    for (let across = 0; across < sectionsAcross; across += 1) {
      const x = 10 + across * 24;
      const y = 46 + deep * 24;
      const name = `${String.fromCharCode(65 + deep)}${across + 1}`;
      const grade = grades[Math.min(3, Math.floor((deep * 4) / sectionsDeep))] as string;
      sections.push({
        section: name,
        name: { ko: `${name} 구역`, en: `Section ${name}` },
        outline: [
          [x - 1, y - 1.5],
          [x + seats * 1.2, y - 1.5],
          [x + seats * 1.2, y + rows * 1.6],
          [x - 1, y + rows * 1.6],
        ],
        rows: Array.from({ length: rows }, (_, row) => {
          const first = next;
          next += seats;
          return { row: String(row + 1), first, count: seats, label0: 1, x, y: y + row * 1.6, dx: 1.2, dy: 0, grade };
        }),
      });
    }
  }
  const width = 20 + sectionsAcross * 24;
  return {
    show,
    version: '1',
    event: { ko: '온세일 라이브 2027', en: 'Onsale Live 2027' },
    venue: { ko: '온세일 아레나', en: 'Onsale Arena' },
    startsAt: '2027-03-06T10:00:00.000Z',
    currency: 'KRW',
    seats: next,
    width,
    height: 60 + sectionsDeep * 24,
    stage: [
      [width / 2 - 40, 8],
      [width / 2 + 40, 8],
      [width / 2 + 30, 32],
      [width / 2 - 30, 32],
    ],
    focus: [width / 2, 30],
    grades: [
      { grade: 'VIP', name: { ko: 'VIP석', en: 'VIP' }, price: 198_000, fee: 2_000, color: '#8b3fd9' },
      { grade: 'R', name: { ko: 'R석', en: 'R' }, price: 165_000, fee: 2_000, color: '#d9437a' },
      { grade: 'S', name: { ko: 'S석', en: 'S' }, price: 132_000, fee: 2_000, color: '#1f7ae0' },
      { grade: 'A', name: { ko: 'A석', en: 'A' }, price: 99_000, fee: 2_000, color: '#12967a' },
    ],
    sections,
    salesOpen: true,
  };
}

export function fakeState(seats: number, takenShare: number): Uint8Array {
  const codes = new Uint8Array(seats);
  let seed = 7;
  for (let seat = 0; seat < seats; seat += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    const dice = seed / 2 ** 31;
    if (dice < takenShare) codes[seat] = dice < takenShare * 0.12 ? 1 : 2;
  }
  return codes;
}

/** 2 bits a seat, as the contract has it. */
export function packState(codes: Uint8Array): string {
  const bytes = Buffer.alloc(Math.ceil(codes.length / 4));
  codes.forEach((code, seat) => {
    bytes[seat >> 2] = (bytes[seat >> 2] as number) | (code << (2 * (seat % 4)));
  });
  return bytes.toString('base64');
}
