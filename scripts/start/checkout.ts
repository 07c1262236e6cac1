import { resolve } from 'node:path';

/** The folder of the clone. */
export const CHECKOUT = resolve(import.meta.dirname, '../..');
