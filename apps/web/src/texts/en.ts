import { booking } from './en/booking.ts';
import { ops } from './en/ops.ts';
import { plain } from './en/plain.ts';
import { queue } from './en/queue.ts';
import { shell } from './en/shell.ts';

/** English, the reference of the catalogue: its keys are the keys. */
export const en = { ...shell, ...queue, ...booking, ...ops, ...plain } as const;
export type TextKey = keyof typeof en;
export type Texts = Readonly<Record<TextKey, string>>;
