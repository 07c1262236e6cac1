import type { Texts } from './en.ts';
import { booking } from './ko/booking.ts';
import { ops } from './ko/ops.ts';
import { plain } from './ko/plain.ts';
import { queue } from './ko/queue.ts';
import { shell } from './ko/shell.ts';

export const ko: Texts = { ...shell, ...queue, ...booking, ...ops, ...plain };
